import { join } from "node:path";
import { THREAD_ID, threadOf } from "../../codex/threads.ts";
import { readRollout } from "../../codex/records.ts";
import { createLineSplitter, parseLine } from "../lines.ts";
import { wholeLines } from "../copy-lines.ts";
import { linesOfRecords, writeNewFile, type Written } from "../write-file.ts";
import { findCodexSession } from "./find.ts";

export interface CodexTarget {
  readonly codexHome: string;
  /** The id that the thread gets: a UUID. */
  readonly id: string;
  /** Milliseconds: Codex files its rollouts by when they began. */
  readonly createdAt: number;
}

/** Writes a rollout where Codex finds it. */
export async function writeCodexSession(
  target: CodexTarget & { readonly records: readonly object[] },
): Promise<Written> {
  const place = await placeOf(target);
  return place.kind === "exists" ? place : writeNewFile(place.path, linesOfRecords(target.records));
}

/**
 * Copies a thread under another id: every line as it is, but for the first, which names the thread. A thread that
 * continues another by reference still does.
 */
export async function copyCodexSession(
  target: CodexTarget & { readonly path: string; readonly signal?: AbortSignal },
): Promise<Written> {
  const place = await placeOf(target);
  if (place.kind === "exists") return place;
  return writeNewFile(place.path, renamed(wholeLines(target.path, target.signal), target.id));
}

async function* renamed(chunks: AsyncIterable<Uint8Array>, id: string): AsyncGenerator<Uint8Array | string> {
  const splitter = createLineSplitter();
  let named = false;
  for await (const chunk of chunks) {
    if (named) {
      yield chunk;
      continue;
    }
    // Up to the line that names the thread, they are looked at one by one.
    for (const line of splitter.push(chunk)) {
      if (line.kind !== "line") continue;
      const parsed = named ? undefined : parseLine(line);
      const record = parsed?.kind === "json" ? readRollout(parsed.value) : undefined;
      if (record?.kind === "meta" && parsed?.kind === "json") {
        named = true;
        const inPayload = record.outer === "session_meta" && hasPayload(parsed.value);
        yield threadOf(parsed.value) === id
          ? `${line.text}\n`
          : `${JSON.stringify(withId(parsed.value, inPayload, id))}\n`;
      } else yield `${line.text}\n`;
    }
    const rest = named ? splitter.end() : undefined;
    if (rest?.kind === "line") yield rest.text;
  }
}

function hasPayload(value: unknown): boolean {
  return typeof value === "object" && value !== null && "payload" in value;
}

/** Only the thread's own id: what it was forked from, and by whom, stays. */
function withId(value: unknown, inPayload: boolean, id: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (inPayload && "payload" in value) return { ...value, payload: withId(value.payload, false, id) };
  return { ...value, id, ...("session_id" in value ? { session_id: id } : {}) };
}

async function placeOf({ codexHome, id, createdAt }: CodexTarget): Promise<Written | { kind: "free"; path: string }> {
  if (!THREAD_ID.test(id)) throw new Error(`“${id}” is no id of a Codex thread.`);
  const path = await findCodexSession({ codexHome, id });
  if (path !== undefined) return { kind: "exists", path };
  const [date = "", time = ""] = new Date(createdAt).toISOString().slice(0, 19).split("T");
  const name = `rollout-${date}T${time.replaceAll(":", "-")}-${id}.jsonl`;
  return { kind: "free", path: join(codexHome, "sessions", ...date.split("-"), name) };
}
