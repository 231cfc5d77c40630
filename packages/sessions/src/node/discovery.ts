import { openFile, readPart } from "./files.ts";
import { parseLine, readLines } from "./lines.ts";

/** A session on this machine, as a list shows it. */
export interface DiscoveredSession {
  readonly agent: "claude" | "codex";
  readonly id: string;
  readonly path: string;
  readonly title?: string;
  readonly firstPrompt?: string;
  readonly cwd?: string;
  readonly gitBranch?: string;
  readonly model?: string;
  readonly agentVersion?: string;
  /** When the file was last written, milliseconds. */
  readonly updatedAt: number;
  readonly sizeBytes: number;
  /** Prompts, answers and results; beyond what was read, an estimate by size. */
  readonly messages: { readonly count: number; readonly exact: boolean };
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: "unreadable" | "no-prompt" | "empty" | "not-a-session" | "sub-agent" | "older-copy";
}

export interface Discovery {
  /** Newest first. */
  readonly sessions: readonly DiscoveredSession[];
  readonly skipped: readonly SkippedFile[];
  /** There are more than were looked at. */
  readonly more: boolean;
}

export interface ListOptions {
  /** Default 100. */
  readonly limit?: number;
  /** Only sessions whose title, first prompt, folder, branch or id has this, in any case. */
  readonly search?: string;
  readonly signal?: AbortSignal;
}

/** A file that may be a session. */
export interface Candidate {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

export type Described = DiscoveredSession | SkippedFile;

/** Files whose beginnings are read in one call, whatever the search. */
const MAX_READ = 5_000;
const HEAD_STEP = 64 * 1024;
/** Tool schemas and instructions may stand in front of what is wanted. */
const HEAD_MAX = 512 * 1024;
const TAIL = 64 * 1024;

/** Describes candidates, newest first, until enough of them are wanted. */
export async function listNewest(
  candidates: readonly Candidate[],
  describe: (candidate: Candidate) => Promise<Described>,
  options: ListOptions,
): Promise<Discovery> {
  const { limit = 100, search, signal } = options;
  const newest = [...candidates].sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? -1 : 1));
  const sessions: DiscoveredSession[] = [];
  const skipped: SkippedFile[] = [];
  const seen = new Set<string>();
  for (const [index, candidate] of newest.entries()) {
    signal?.throwIfAborted();
    if (sessions.length >= limit || index >= MAX_READ) return { sessions, skipped, more: true };
    const session = await describe(candidate);
    if ("reason" in session) skipped.push(session);
    else if (seen.has(session.id)) skipped.push({ path: session.path, reason: "older-copy" });
    else {
      seen.add(session.id);
      if (matches(session, search)) sessions.push(session);
    }
  }
  return { sessions, skipped, more: false };
}

function matches(session: DiscoveredSession, search: string | undefined): boolean {
  if (search === undefined || search.trim() === "") return true;
  const wanted = search.trim().toLowerCase();
  const { title, firstPrompt, cwd, gitBranch, id } = session;
  return [title, firstPrompt, cwd, gitBranch, id].some((text) => text?.toLowerCase().includes(wanted) === true);
}

/**
 * Gives the records of a file's beginning, until `enough` says so, and of its end. Answers how many bytes it has seen;
 * `undefined` when the file cannot be read.
 */
export async function readEnds(
  candidate: Candidate,
  add: (record: unknown, part: "head" | "tail") => void,
  enough: () => boolean,
): Promise<number | undefined> {
  const handle = await openFile(candidate.path);
  if (handle === undefined) return undefined;
  const addLines = async (chunks: AsyncIterable<Uint8Array>, part: "head" | "tail") => {
    for await (const line of readLines(chunks)) {
      const parsed = parseLine(line);
      if (parsed.kind === "json") add(parsed.value, part);
    }
  };
  let head = 0;
  async function* headChunks(file: NonNullable<typeof handle>) {
    while (head < Math.min(candidate.size, HEAD_MAX) && !enough()) {
      const chunk = await readPart(file, head, HEAD_STEP);
      if (chunk.length === 0) return;
      head += chunk.length;
      yield chunk;
    }
  }
  try {
    await addLines(headChunks(handle), "head");
    if (head >= candidate.size) return candidate.size;
    const tail = await readPart(handle, Math.max(head, candidate.size - TAIL), TAIL);
    await addLines(once(tail.subarray(tail.indexOf(10) + 1)), "tail");
    return head + tail.length;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

/** How many messages a file has, if those that were seen are like the rest. */
export function estimate(messages: number, read: number, size: number): DiscoveredSession["messages"] {
  if (read >= size) return { count: messages, exact: true };
  return { count: Math.round((messages * size) / Math.max(read, 1)), exact: false };
}
