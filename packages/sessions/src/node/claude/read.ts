import type { FileHandle } from "node:fs/promises";
import { agentMention } from "../../claude/agents.ts";
import { type ClaudeNormaliser, createClaudeNormaliser } from "../../claude/normalise.ts";
import type { Normalised } from "../../normalised.ts";
import { chunksOf, openFile } from "../files.ts";
import { parseLine, type ParsedLine, readLines } from "../lines.ts";
import { type AgentFile, agentFiles, siblingAgent } from "./agent-files.ts";

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
  const reader = { session: options.path, normaliser, agents, read: new Set<string>(), signal: options.signal };
  const handle = await openFile(options.path, { follow: options.follow ?? false });
  if (handle === undefined) throw new Error(`There is no readable file at ${options.path}.`);
  try {
    yield* readFile(reader, { path: options.path, handle, parentCallId: undefined, depth: 0 });
  } finally {
    await handle.close();
  }
  for (const file of agents.values()) {
    yield* readAgent(reader, file, file.callId, 1);
  }
  const normalised = normaliser.end({ settled: !(options.growing ?? false) });
  yield { file: options.path, line: 0, parsed: { kind: "end" }, normalised };
}

interface Reader {
  /** Path of the session's file. */
  readonly session: string;
  readonly normaliser: ClaudeNormaliser;
  /** Those of the session's folder that were not read yet. */
  readonly agents: Map<string, AgentFile>;
  readonly read: Set<string>;
  readonly signal: AbortSignal | undefined;
}

interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** The call under which all of it was done; for a sub-agent's file. */
  readonly parentCallId: string | undefined;
  readonly depth: number;
}

async function* readFile(reader: Reader, file: OpenedFile): AsyncGenerator<ReadRecord, void, undefined> {
  const context = file.parentCallId === undefined ? {} : { parentCallId: file.parentCallId };
  for await (const line of readLines(chunksOf(file.handle, reader.signal))) {
    const parsed = parseLine(line);
    const at = { file: file.path, line: line.number, parsed };
    if (parsed.kind === "none") {
      yield { ...at, normalised: { rows: [], deltas: [], blobs: [], skipped: { reason: parsed.reason } } };
      continue;
    }
    const mention = agentMention(parsed.value);
    const agent = mention === undefined ? undefined : await agentOf(reader, mention.agentId);
    if (agent !== undefined && mention?.launched === false)
      yield* readAgent(reader, agent, mention.callId, file.depth + 1);
    yield { ...at, normalised: reader.normaliser.push(parsed.value, context) };
    if (agent !== undefined && mention?.launched === true)
      yield* readAgent(reader, agent, mention.callId, file.depth + 1);
  }
}

async function agentOf(reader: Reader, agentId: string): Promise<AgentFile | undefined> {
  if (reader.read.has(agentId)) return undefined;
  return reader.agents.get(agentId) ?? siblingAgent(reader.session, agentId);
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
    yield* readFile(reader, { path: agent.path, handle, parentCallId, depth });
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
