import { z } from "zod";
import { boundAttachment, boundText, type BlobSink, OUTPUT_LIMIT, preview } from "../bounds.ts";
import type { Attachment, BlobRef, FileChange } from "../events.ts";
import { partsOf } from "./records.ts";

export interface CodexResult {
  readonly text: string;
  readonly blob?: BlobRef;
  readonly attachments?: Attachment[];
  readonly exitCode: number | undefined;
  readonly isError: boolean;
}

const wrapped = z.looseObject({
  output: z.string(),
  metadata: z.looseObject({ exit_code: z.number().int() }),
});
const structured = z.looseObject({ content: z.unknown(), success: z.boolean().nullish().catch(undefined) });
const HEADER =
  /^(?:(?:Script completed|Chunk ID|Wall time|Process exited with code|Process running with session ID|Exit code|Original token count|Total output lines)\b.*\n)+Output:\n/;
const EXIT = /^(?:Process exited with code|Exit code:?) (-?\d{1,9})\s*$/m;
const RUNNING = /^Process running with session ID (\S+)/m;
const FAILED =
  /^(?:aborted\b|execution error\b|unsupported call\b|failed to |Script failed\b|tool call (?:error|rejected)|exec_command failed\b|apply_patch verification failed\b)/i;

/** A call's output in the forms that versions of Codex have given it. */
export function readOutput(output: unknown, sink: BlobSink): CodexResult {
  const content = structured.safeParse(output);
  if (content.success && !Array.isArray(output)) {
    const inner = readOutput(content.data.content, sink);
    return { ...inner, isError: inner.isError || content.data.success === false };
  }
  if (typeof output === "string") return readText(output, sink);
  const attachments: Attachment[] = [];
  const texts: string[] = [];
  for (const [index, part] of partsOf(output).entries()) {
    const image = part?.image_url === undefined ? undefined : imageOf(part.image_url, sink);
    if (image !== undefined) attachments.push(image);
    else if (part?.text !== undefined) texts.push(part.text);
    else texts.push(JSON.stringify(part ?? (Array.isArray(output) ? output[index] : null) ?? null));
  }
  const listed = Array.isArray(output) || output === undefined || output === null;
  const read = readText(listed ? texts.join("\n") : JSON.stringify(output, undefined, 2), sink);
  return attachments.length === 0 ? read : { ...read, attachments };
}

function readText(output: string, sink: BlobSink): CodexResult {
  const json = output.startsWith("{") ? wrapped.safeParse(parseOr(output)) : undefined;
  if (json?.success === true) {
    const exitCode = json.data.metadata.exit_code;
    return { ...boundText(json.data.output, OUTPUT_LIMIT, sink), exitCode, isError: exitCode !== 0 };
  }
  const header = HEADER.exec(output)?.[0] ?? "";
  const exit = EXIT.exec(header);
  const exitCode = exit === null ? undefined : Number(exit[1]);
  const running = RUNNING.exec(header)?.[1];
  const body = output.slice(header.length);
  const text = running === undefined ? body : `${body}\n(still running as session ${running})`;
  const isError = exitCode === undefined ? FAILED.test(body) : exitCode !== 0;
  return { ...boundText(header === "" ? output : text, OUTPUT_LIMIT, sink), exitCode, isError };
}

/** Whether a text is read as what it is: no form of Codex's own, and a failure or none by its own words. */
export function isPlain(output: string, isError: boolean): boolean {
  const read = readText(output, () => undefined);
  return read.exitCode === undefined && !HEADER.test(output) && read.isError === isError;
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a text that begins with a brace
  }
}

/** An image by data URL, or by where it is. */
export function imageOf(url: string, sink: BlobSink): Attachment {
  const data = /^data:([\w.+/-]{1,100});base64,/.exec(url.slice(0, 200));
  if (data === null) return { kind: "image", mime: "image/*", name: url.slice(0, 500) };
  return boundAttachment({ kind: "image", mime: data[1] ?? "image/*", base64: url.slice(data[0].length) }, sink);
}

const change = z.looseObject({
  type: z.string().optional().catch(undefined),
  kind: z.unknown().optional(),
  content: z.string().optional().catch(undefined),
  unified_diff: z.string().optional().catch(undefined),
  diff: z.string().optional().catch(undefined),
  move_path: z.string().nullish().catch(undefined),
  path: z.string().optional().catch(undefined),
});

const MAX_CHANGES = 1000;

/** The changes of a patch: by path, or a list of them. */
export function changesOf(changes: unknown): FileChange[] {
  if (typeof changes !== "object" || changes === null) return [];
  const entries: (readonly [string, unknown])[] = Array.isArray(changes)
    ? changes.map((entry) => [
        typeof entry === "object" && entry !== null && "path" in entry ? String(entry.path) : "",
        entry,
      ])
    : Object.entries(changes);
  return entries.slice(0, MAX_CHANGES).flatMap(([path, value]): FileChange[] => {
    const parsed = change.safeParse(value);
    if (!parsed.success || path === "") return [];
    const { content, unified_diff: unified, diff, move_path: movedTo } = parsed.data;
    const kind = parsed.data.type ?? nameOf(parsed.data.kind);
    const shown = unified ?? diff ?? (content === undefined ? undefined : addedOrRemoved(kind, content));
    return [
      {
        path,
        kind: kind === "add" ? "add" : kind === "delete" ? "delete" : typeof movedTo === "string" ? "rename" : "edit",
        ...(shown === undefined ? {} : { diff: shown.length > OUTPUT_LIMIT ? preview(shown) : shown }),
        ...(typeof movedTo === "string" ? { movedTo } : {}),
      },
    ];
  });
}

function nameOf(kind: unknown): string | undefined {
  if (typeof kind === "string") return kind;
  return typeof kind === "object" && kind !== null && "type" in kind && typeof kind.type === "string"
    ? kind.type
    : undefined;
}

function addedOrRemoved(kind: string | undefined, content: string): string {
  const sign = kind === "delete" ? "-" : "+";
  const lines = (content.endsWith("\n") ? content.slice(0, -1) : content).split("\n");
  const range = sign === "+" ? `@@ -0,0 +1,${lines.length} @@` : `@@ -1,${lines.length} +0,0 @@`;
  return `${range}\n${lines.map((line) => sign + line).join("\n")}\n`;
}
