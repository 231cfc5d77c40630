import type { FileHandle } from "node:fs/promises";
import { agentMention, agentNotification } from "../../claude/agents.ts";
import { type ClaudeNormaliser, createClaudeNormaliser } from "../../claude/normalise.ts";
import type { Normalised } from "../../normalised.ts";
import { chunksOf, openFile } from "../files.ts";
import { type FileNews, followLines, type Quiet } from "../follow.ts";
import { type Line, parseLine, type ParsedLine, readLines } from "../lines.ts";
import { type AgentFile, agentFile, agentFiles, siblingAgent } from "./agent-files.ts";

/** A native record where it stands, and what became of it. `line` 0 is the end of the session. */
export interface ReadRecord {
  /** Path of the file: the session's, or a sub-agent's. */
  readonly file: string;
  readonly line: number;
  readonly parsed: ParsedLine | { readonly kind: "end" };
  readonly normalised: Normalised;
}

export interface ReadOptions {
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Whether the file may still grow: then a turn that does not say it is over is left open. Default false. */
  readonly growing?: boolean;
  /** Whether `path` itself may be a link, as when a person names the file. Default false. */
  readonly follow?: boolean;
}

const MAX_NESTING = 8;

/**
 * A session file's records in their order, one at a time, with the records of each sub-agent at the result that names
 * it: in front of a finished agent's result, behind the result that says it was started. Sub-agents that no result
 * names come last. Rejects with the file's error when the session file cannot be opened.
 */
export async function* readClaudeSession(options: ReadOptions): AsyncGenerator<ReadRecord, void, undefined> {
  const normaliser = createClaudeNormaliser();
  const agents = new Map((await agentFiles(options.path)).map((file) => [file.agentId, file]));
  const reader: Reader = {
    session: options.path,
    normaliser,
    agents,
    read: new Set(),
    signal: options.signal,
    live: false,
  };
  const handle = await openFile(options.path, { follow: options.follow ?? false });
  if (handle === undefined) throw new Error(`There is no readable file at ${options.path}.`);
  try {
    const lines = readLines(chunksOf(handle, options.signal));
    yield* readFile(reader, { path: options.path, lines, parentCallId: undefined, depth: 0 });
  } finally {
    await handle.close();
  }
  for (const file of agents.values()) {
    yield* readAgent(reader, file, file.callId, 1);
  }
  const normalised = normaliser.end({ settled: !(options.growing ?? false) });
  yield { file: options.path, line: 0, parsed: { kind: "end" }, normalised };
}

/**
 * As `readClaudeSession`, and then whatever is written to the file, as it is written: ends when the news end, or when
 * the file was cut short. When it goes quiet, the end of a turn that the model said is over is told.
 */
export async function* followClaudeSession(
  options: Omit<ReadOptions, "growing"> & { readonly news: AsyncIterable<FileNews> },
): AsyncGenerator<ReadRecord, void, undefined> {
  const { path, signal, news } = options;
  const agents = new Map((await agentFiles(path)).map((file) => [file.agentId, file]));
  const reader: Reader = {
    session: path,
    normaliser: createClaudeNormaliser(),
    agents,
    read: new Set(),
    signal,
    live: true,
  };
  const handle = await openFile(path, { follow: options.follow ?? false });
  if (handle === undefined) throw new Error(`There is no readable file at ${path}.`);
  try {
    yield* readFile(reader, { path, lines: followLines(handle, news, signal), parentCallId: undefined, depth: 0 });
  } finally {
    await handle.close();
  }
}

interface Reader {
  /** Path of the session's file. */
  readonly session: string;
  readonly normaliser: ClaudeNormaliser;
  /** Those of the session's folder that were not read yet. */
  readonly agents: Map<string, AgentFile>;
  readonly read: Set<string>;
  readonly signal: AbortSignal | undefined;
  /** The file grows: agents that were only started are read when they are done. */
  readonly live: boolean;
}

interface OpenedFile {
  readonly path: string;
  readonly lines: AsyncIterable<Line | Quiet>;
  /** The call under which all of it was done; for a sub-agent's file. */
  readonly parentCallId: string | undefined;
  readonly depth: number;
}

async function* readFile(reader: Reader, file: OpenedFile): AsyncGenerator<ReadRecord, void, undefined> {
  const context = file.parentCallId === undefined ? {} : { parentCallId: file.parentCallId };
  for await (const line of file.lines) {
    if (line.kind === "quiet") {
      yield { file: file.path, line: 0, parsed: { kind: "end" }, normalised: reader.normaliser.pause() };
      continue;
    }
    const parsed = parseLine(line);
    const at = { file: file.path, line: line.number, parsed };
    if (parsed.kind === "none") {
      yield { ...at, normalised: { rows: [], deltas: [], blobs: [], skipped: { reason: parsed.reason } } };
      continue;
    }
    const mention = agentMention(parsed.value);
    const before = mention?.launched === false ? mention : reader.live ? agentNotification(parsed.value) : undefined;
    if (before !== undefined) yield* readMentioned(reader, before, file.depth);
    yield { ...at, normalised: reader.normaliser.push(parsed.value, context) };
    if (mention?.launched === true && !reader.live) yield* readMentioned(reader, mention, file.depth);
  }
}

async function* readMentioned(
  reader: Reader,
  mention: { readonly agentId: string; readonly callId: string | undefined },
  depth: number,
): AsyncGenerator<ReadRecord, void, undefined> {
  const agent = await agentOf(reader, mention.agentId);
  const callId = mention.callId ?? reader.normaliser.callOfAgent(mention.agentId);
  if (agent !== undefined) yield* readAgent(reader, agent, callId, depth + 1);
}

async function agentOf(reader: Reader, agentId: string): Promise<AgentFile | undefined> {
  if (reader.read.has(agentId)) return undefined;
  const known = reader.agents.get(agentId) ?? (reader.live ? await agentFile(reader.session, agentId) : undefined);
  return known ?? siblingAgent(reader.session, agentId);
}

/** A sub-agent's file, once. One that cannot be read is as if it were not there. */
async function* readAgent(
  reader: Reader,
  agent: AgentFile,
  callId: string | undefined,
  depth: number,
): AsyncGenerator<ReadRecord, void, undefined> {
  if (depth > MAX_NESTING || reader.read.has(agent.agentId)) return;
  reader.read.add(agent.agentId);
  reader.agents.delete(agent.agentId);
  const handle = await openFile(agent.path);
  if (handle === undefined) return;
  try {
    const parentCallId = callId ?? (await callByFirstPrompt(reader, handle)) ?? `agent:${agent.agentId}`;
    const lines = readLines(chunksOf(handle, reader.signal));
    yield* readFile(reader, { path: agent.path, lines, parentCallId, depth });
  } finally {
    await handle.close();
  }
}

/** An agent that was cut short is named by no result; its first record is what its call told it. */
async function callByFirstPrompt(reader: Reader, handle: FileHandle): Promise<string | undefined> {
  for await (const line of readLines(chunksOf(handle, reader.signal))) {
    const parsed = parseLine(line);
    return parsed.kind === "json" ? reader.normaliser.callOfPrompt(parsed.value) : undefined;
  }
  return undefined;
}
