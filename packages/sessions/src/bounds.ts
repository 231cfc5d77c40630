import type { Attachment, BlobRef } from "./events.ts";
import { sha256 } from "./sha256.ts";

/**
 * What a transcript row may weigh. Agents' files hold outputs and images of megabytes; a row that everybody reads
 * keeps the ends of such a text and names the whole by its hash. The native records stay complete.
 */

/** Characters of a tool's output, a diff or one string of a tool's input. */
export const OUTPUT_LIMIT = 64 * 1024;
/** Characters of what a person or the agent said. */
export const TEXT_LIMIT = 256 * 1024;
/** Characters of base64 that a row carries itself. */
export const INLINE_DATA_LIMIT = 64 * 1024;
const KEEP = 4 * 1024;
const MAX_DEPTH = 24;
const MAX_ITEMS = 1000;
/** Characters of all strings of one structured value together. */
const VALUE_LIMIT = 256 * 1024;

/** The whole of something that a row only refers to, for whoever stores blobs. */
export interface Blob {
  readonly sha256: string;
  readonly size: number;
  readonly mime: string;
  readonly bytes: Uint8Array;
}

/** Collects the blobs that bounded rows refer to. */
export type BlobSink = (blob: Blob) => void;

const encoder = new TextEncoder();

function toBlob(bytes: Uint8Array, mime: string, sink: BlobSink): BlobRef {
  const blob = { sha256: sha256(bytes), size: bytes.length, mime, bytes };
  sink(blob);
  return { sha256: blob.sha256, size: blob.size, mime };
}

/** The first and last few KiB of a text, and how much is missing between them. Does not cut a character in two. */
export function preview(text: string, keep = KEEP): string {
  if (text.length <= keep * 2) return text;
  const isLow = (i: number) => (text.charCodeAt(i) & 0xfc00) === 0xdc00;
  const head = isLow(keep) ? keep - 1 : keep;
  const tail = text.length - keep + (isLow(text.length - keep) ? 1 : 0);
  return `${text.slice(0, head)}\n… ${tail - head} characters left out …\n${text.slice(tail)}`;
}

/** A text within its limit, or its preview and a reference to the whole. */
export function boundText(text: string, limit: number, sink: BlobSink): { text: string; blob?: BlobRef } {
  if (text.length <= limit) return { text };
  return { text: preview(text), blob: toBlob(encoder.encode(text), "text/plain; charset=utf-8", sink) };
}

/** A structured value in which no string, list or depth is beyond bounds. JSON in, JSON out. */
export function boundValue(value: unknown): unknown {
  let budget = VALUE_LIMIT;
  const visit = (item: unknown, depth: number): unknown => {
    if (typeof item === "string") {
      const kept =
        item.length > Math.min(OUTPUT_LIMIT, Math.max(budget, 64))
          ? preview(item, budget > KEEP * 2 ? KEEP : 32)
          : item;
      budget -= kept.length;
      return kept;
    }
    if (typeof item !== "object" || item === null) return item;
    if (depth >= MAX_DEPTH) return "… left out: nested too deeply …";
    budget -= 8;
    if (Array.isArray(item)) {
      const kept = item.slice(0, MAX_ITEMS).map((entry) => visit(entry, depth + 1));
      return item.length > MAX_ITEMS ? [...kept, `… ${item.length - MAX_ITEMS} more left out …`] : kept;
    }
    const entries = Object.entries(item);
    const kept = entries
      .slice(0, MAX_ITEMS)
      .map(([name, entry]) => [preview(name, 128), visit(entry, depth + 1)] as const);
    return Object.fromEntries(kept);
  };
  return visit(value, 0);
}

/** A tool's input as a record, bounded. What is no object is kept under `value`. */
export function boundInput(input: unknown): Record<string, unknown> {
  const bounded = boundValue(input);
  if (typeof bounded !== "object" || bounded === null || Array.isArray(bounded)) return { value: bounded ?? null };
  return { ...bounded };
}

/** Bytes that a base64 text stands for. */
function decodedSize(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

function decode(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined; // not base64: its text is all there is
  }
}

/** Base64 content as an attachment: inside the row when it is small, else by reference. */
export function boundAttachment(
  content: { kind: Attachment["kind"]; mime: string; base64: string; name?: string },
  sink: BlobSink,
): Attachment {
  const { kind, mime, base64, name } = content;
  const shown: Attachment = { kind, mime, size: decodedSize(base64), ...(name === undefined ? {} : { name }) };
  if (base64.length <= INLINE_DATA_LIMIT) return { ...shown, data: base64 };
  const bytes = decode(base64) ?? encoder.encode(base64);
  return { ...shown, size: bytes.length, blob: toBlob(bytes, mime, sink) };
}
