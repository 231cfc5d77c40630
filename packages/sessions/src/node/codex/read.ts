import { type CodexNormaliser, createCodexNormaliser, type PushContext } from "../../codex/normalise.ts";
import {
  historyBase,
  type HistoryBase,
  isChildOf,
  threadMention,
  type ThreadMention,
  threadOf,
} from "../../codex/threads.ts";
import type { Normalised } from "../../normalised.ts";
import type { NativeTranscriptRow } from "../../resource.ts";
import type { ReadOptions, ReadRecord } from "../claude/read.ts";
import { chunksOf, openFile } from "../files.ts";
import { parseLine, type ParsedLine, readLines } from "../lines.ts";
import { findRollout, sessionsFolder } from "./find.ts";

const MAX_NESTING = 8;

/**
 * A rollout's lines in their order. A thread that continues another by reference begins with that one's lines; the
 * threads of sub-agents stand where the rollout says that they were started. Both are looked for in the folder of
 * sessions that the rollout stands in. Rejects when the rollout itself cannot be opened.
 */
export async function* readCodexSession(options: ReadOptions): AsyncGenerator<ReadRecord, void, undefined> {
  const reader: Reader = {
    folder: sessionsFolder(options.path),
    signal: options.signal,
    read: new Set(),
    normaliser: createCodexNormaliser(),
  };
  yield* readThread(reader, { path: options.path, follow: options.follow ?? false, depth: 0, parentCallId: undefined });
  const normalised = reader.normaliser.end({ settled: !(options.growing ?? false) });
  yield { file: options.path, line: 0, parsed: { kind: "end" }, normalised };
}

/** The transcript of a rollout, row by row. */
export async function* loadCodexSession(options: ReadOptions): AsyncGenerator<NativeTranscriptRow, void, undefined> {
  for await (const { normalised } of readCodexSession(options)) yield* normalised.rows;
}

interface Reader {
  readonly folder: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Threads of sub-agents that were read. */
  readonly read: Set<string>;
  readonly normaliser: CodexNormaliser;
}

interface ThreadFile {
  readonly path: string;
  readonly follow: boolean;
  readonly depth: number;
  readonly parentCallId: string | undefined;
}

async function* readThread(reader: Reader, file: ThreadFile): AsyncGenerator<ReadRecord, void, undefined> {
  const context: PushContext = file.parentCallId === undefined ? {} : { parentCallId: file.parentCallId };
  let thread: string | undefined;
  for await (const { line, parsed } of linesOf(reader, file.path, file.follow)) {
    const at = { file: file.path, line, parsed };
    if (parsed.kind === "none") {
      yield { ...at, normalised: { rows: [], deltas: [], blobs: [], skipped: { reason: parsed.reason } } };
      continue;
    }
    yield { ...at, normalised: shown(reader.normaliser.push(parsed.value, context), file) };
    const first = thread === undefined ? threadOf(parsed.value) : undefined;
    thread ??= first;
    const base = first === undefined ? undefined : historyBase(parsed.value);
    if (base !== undefined) yield* readHistory(reader, base, file);
    const mention = threadMention(parsed.value);
    if (mention !== undefined) yield* readSubAgent(reader, mention, thread, file.depth + 1);
  }
}

/** The lines of another thread in front of the fork, and those in front of its own fork. */
async function* readHistory(
  reader: Reader,
  base: HistoryBase,
  file: ThreadFile,
): AsyncGenerator<ReadRecord, void, undefined> {
  if (file.depth >= MAX_NESTING || reader.folder === undefined) return;
  const path = await findRollout(reader.folder, base.threadId);
  if (path === undefined || path === file.path) return;
  for await (const { line, parsed } of linesOf(reader, path, false)) {
    if (parsed.kind === "none") continue;
    const ordinal = ordinalOf(parsed.value);
    if (ordinal !== undefined && ordinal >= base.endOrdinal) return;
    const own = threadOf(parsed.value) === undefined ? undefined : historyBase(parsed.value);
    if (own !== undefined) yield* readHistory(reader, own, { ...file, path, depth: file.depth + 1 });
    const normalised = reader.normaliser.push(parsed.value, { history: base.threadId });
    yield { file: path, line, parsed, normalised: shown(normalised, file) };
  }
}

function ordinalOf(value: unknown): number | undefined {
  const has = typeof value === "object" && value !== null && "ordinal" in value;
  return has && typeof value.ordinal === "number" ? value.ordinal : undefined;
}

async function* readSubAgent(
  reader: Reader,
  mention: ThreadMention,
  parent: string | undefined,
  depth: number,
): AsyncGenerator<ReadRecord, void, undefined> {
  if (depth > MAX_NESTING || reader.folder === undefined || reader.read.has(mention.threadId)) return;
  reader.read.add(mention.threadId);
  const path = await findRollout(reader.folder, mention.threadId);
  if (path === undefined) return;
  for await (const { parsed } of linesOf(reader, path, false)) {
    if (parsed.kind === "json" && !isChildOf(parsed.value, parent)) return;
    if (parsed.kind === "json") break;
  }
  // A thread of its own: its turns and names are not the session's.
  const nested: Reader = { ...reader, normaliser: createCodexNormaliser() };
  yield* readThread(nested, { path, follow: false, depth, parentCallId: mention.callId });
}

const NOT_NESTED = new Set(["session_init", "title"]);

/** In a sub-agent's thread, beginnings and names are told by its call, and the end of a turn is the end of its work. */
function shown(normalised: Normalised, file: ThreadFile): Normalised {
  const { parentCallId } = file;
  if (parentCallId === undefined) return normalised;
  const rows = normalised.rows.filter((row) => !NOT_NESTED.has(row.type)).map((row) => endOfWork(row, parentCallId));
  const hidden = rows.length === 0 && normalised.rows.length > 0 && normalised.skipped === undefined;
  return { ...normalised, ...(hidden ? { skipped: { reason: "told-elsewhere" } as const } : {}), rows };
}

function endOfWork(row: NativeTranscriptRow, callId: string): NativeTranscriptRow {
  const { payload } = row;
  if (payload.type !== "turn_complete" && payload.type !== "turn_aborted") return row;
  const isError = payload.type === "turn_aborted" || payload.success === false;
  const { parentCallId: _, ...own } = row;
  return { ...own, type: "subagent", callId, payload: { v: 1, type: "subagent", phase: "end", callId, isError } };
}

async function* linesOf(
  reader: Reader,
  path: string,
  follow: boolean,
): AsyncGenerator<{ readonly line: number; readonly parsed: ParsedLine }, void, undefined> {
  const handle = await openFile(path, { follow });
  if (handle === undefined) throw new Error(`There is no readable file at ${path}.`);
  try {
    for await (const line of readLines(chunksOf(handle, reader.signal)))
      yield { line: line.number, parsed: parseLine(line) };
  } finally {
    await handle.close();
  }
}
