import { type BlobSink, boundAttachment, boundText, OUTPUT_LIMIT } from "../bounds.ts";
import type { Attachment, BlobRef } from "../events.ts";
import { type Block, blocksOf, sourceBlock, textOf } from "./records.ts";

/** An image or document block as an attachment; `undefined` when it is neither. */
export function attachmentOf(block: Block, sink: BlobSink): Attachment | undefined {
  if (block.type !== "image" && block.type !== "document") return undefined;
  const parsed = sourceBlock.safeParse(block);
  if (!parsed.success) return undefined;
  const { type, title, source } = parsed.data;
  const kind = type === "image" ? "image" : "file";
  const mime = source.media_type ?? (kind === "image" ? "image/*" : "application/octet-stream");
  const name = title ?? source.url ?? source.file_id;
  const named = name === undefined ? {} : { name: name.slice(0, 500) };
  if (source.data === undefined) return { kind, mime, ...named };
  if (source.type === "text") return { kind, mime, ...named, size: source.data.length };
  return boundAttachment({ kind, mime, base64: source.data, ...named }, sink);
}

export interface ResultContent {
  readonly text: string;
  readonly blob?: BlobRef;
  readonly attachments?: Attachment[];
}

/** A tool result's content: a string, blocks, or anything else as JSON. Bounded. */
export function resultContent(content: unknown, sink: BlobSink): ResultContent {
  const attachments: Attachment[] = [];
  const text = joined(content, attachments, sink);
  const bounded = boundText(text, OUTPUT_LIMIT, sink);
  return { ...bounded, ...(attachments.length === 0 ? {} : { attachments }) };
}

function joined(content: unknown, attachments: Attachment[], sink: BlobSink): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content, undefined, 2);
  const parts: string[] = [];
  for (const [index, block] of blocksOf(content).entries()) {
    const attachment = block === undefined ? undefined : attachmentOf(block, sink);
    const text = textOf(block);
    if (attachment !== undefined) attachments.push(attachment);
    else if (text !== undefined) parts.push(text);
    else if (block?.type === "tool_reference" && typeof block["tool_name"] === "string") parts.push(block["tool_name"]);
    else parts.push(JSON.stringify(block ?? content[index] ?? null));
  }
  return parts.join("\n");
}
