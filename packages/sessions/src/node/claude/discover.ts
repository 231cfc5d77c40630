import { basename, join } from "node:path";
import { addToPreview, emptyPreview, type SessionPreview, shorten } from "../../claude/preview.ts";
import { listFolder, openFile, readPart, statFile } from "../files.ts";
import { parseLine, readLines } from "../lines.ts";

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
  readonly reason: "unreadable" | "no-prompt" | "empty" | "not-a-session" | "beyond-limit";
}

export interface Discovery {
  /** Newest first. */
  readonly sessions: readonly DiscoveredSession[];
  readonly skipped: readonly SkippedFile[];
  /** There are more than were looked at. */
  readonly more: boolean;
}

export interface DiscoverOptions {
  /** Claude Code's folder, usually `~/.claude`. */
  readonly configDir: string;
  /** Default 100. */
  readonly limit?: number;
  /** Only sessions whose title, first prompt, folder, branch or id has this, in any case. */
  readonly search?: string;
  readonly signal?: AbortSignal;
}

const MAX_FILES = 50_000;
/** Files whose beginnings are read in one call, whatever the search. */
const MAX_READ = 5_000;
const HEAD_STEP = 64 * 1024;
/** The first turn's tool schemas may stand in front of what is wanted. */
const HEAD_MAX = 512 * 1024;
const TAIL = 64 * 1024;
export const SESSION_ID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

interface Candidate {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * The Claude Code sessions of a configuration folder, newest first. Reads the beginning and the end of as many files
 * as it needs, so its cost is that of the list shown and not of the history behind it.
 */
export async function discoverClaudeSessions(options: DiscoverOptions): Promise<Discovery> {
  const { limit = 100, search, signal } = options;
  const skipped: SkippedFile[] = [];
  const { candidates, more } = await findCandidates(options.configDir, skipped, signal);
  candidates.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? -1 : 1));
  const sessions: DiscoveredSession[] = [];
  for (const [index, candidate] of candidates.entries()) {
    signal?.throwIfAborted();
    if (sessions.length >= limit || index >= MAX_READ) return { sessions, skipped, more: true };
    const session = await describe(candidate);
    if ("reason" in session) skipped.push(session);
    else if (matches(session, search)) sessions.push(session);
  }
  return { sessions, skipped, more };
}

async function findCandidates(
  configDir: string,
  skipped: SkippedFile[],
  signal: AbortSignal | undefined,
): Promise<{ candidates: Candidate[]; more: boolean }> {
  const candidates: Candidate[] = [];
  const projects = join(configDir, "projects");
  for (const folder of (await listFolder(projects)) ?? []) {
    signal?.throwIfAborted();
    if (folder.kind !== "folder") continue;
    const entries = await listFolder(folder.path);
    if (entries === undefined) skipped.push({ path: folder.path, reason: "unreadable" });
    for (const entry of entries ?? []) {
      // Older versions keep sub-agents' files here.
      if (entry.kind !== "file" || !entry.name.endsWith(".jsonl") || entry.name.startsWith("agent-")) continue;
      if (candidates.length >= MAX_FILES) return { candidates, more: true };
      const stat = await statFile(entry.path);
      if (!SESSION_ID.test(basename(entry.name, ".jsonl"))) skipped.push({ path: entry.path, reason: "not-a-session" });
      else if (stat === undefined) skipped.push({ path: entry.path, reason: "unreadable" });
      else if (stat.size === 0) skipped.push({ path: entry.path, reason: "empty" });
      else candidates.push({ path: entry.path, ...stat });
    }
  }
  return { candidates, more: false };
}

async function describe(candidate: Candidate): Promise<DiscoveredSession | SkippedFile> {
  const { path, size, mtimeMs } = candidate;
  const handle = await openFile(path);
  if (handle === undefined) return { path, reason: "unreadable" };
  try {
    const preview = emptyPreview();
    const read = await readEnds((position, length) => readPart(handle, position, length), size, preview);
    const firstPrompt =
      preview.firstPrompt ??
      (read < size && preview.lastPrompt !== undefined ? shorten(preview.lastPrompt) : undefined);
    // Not having found a prompt says that there is none only when all was read, or nobody has answered either.
    if (firstPrompt === undefined && (read >= size || preview.messages === 0)) return { path, reason: "no-prompt" };
    return sessionOf({ path, size, mtimeMs, preview, read, firstPrompt });
  } catch (error) {
    if (error instanceof Error && "code" in error) return { path, reason: "unreadable" };
    throw error;
  } finally {
    await handle.close();
  }
}

function sessionOf(found: {
  path: string;
  size: number;
  mtimeMs: number;
  preview: SessionPreview;
  read: number;
  firstPrompt: string | undefined;
}): DiscoveredSession {
  const { path, size, preview, read, firstPrompt } = found;
  const title = preview.customTitle ?? preview.aiTitle ?? preview.summary;
  const exact = read >= size;
  return {
    agent: "claude",
    id: basename(path, ".jsonl"),
    path,
    ...(title === undefined ? {} : { title: shorten(title, 200) }),
    ...(firstPrompt === undefined ? {} : { firstPrompt }),
    ...(preview.cwd === undefined ? {} : { cwd: preview.cwd }),
    ...(preview.gitBranch === undefined ? {} : { gitBranch: preview.gitBranch }),
    ...(preview.model === undefined ? {} : { model: preview.model }),
    ...(preview.version === undefined ? {} : { agentVersion: preview.version }),
    updatedAt: Math.round(found.mtimeMs),
    sizeBytes: size,
    messages: { count: exact ? preview.messages : Math.round((preview.messages * size) / Math.max(read, 1)), exact },
  };
}

type ReadPart = (position: number, length: number) => Promise<Uint8Array>;

/** Reads the beginning until a prompt is found, and the end; answers how many bytes it has seen. */
async function readEnds(readPart: ReadPart, size: number, preview: SessionPreview): Promise<number> {
  let head = 0;
  async function* headChunks() {
    while (head < Math.min(size, HEAD_MAX)) {
      const chunk = await readPart(head, HEAD_STEP);
      if (chunk.length === 0) return;
      head += chunk.length;
      yield chunk;
      if (preview.firstPrompt !== undefined) return;
    }
  }
  await addLines(headChunks(), preview, "head");
  if (head >= size) return size;
  const from = Math.max(head, size - TAIL);
  const tail = await readPart(from, TAIL);
  const firstLine = tail.indexOf(10) + 1;
  await addLines(once(tail.subarray(firstLine)), preview, "tail");
  return head + tail.length;
}

async function addLines(
  chunks: AsyncIterable<Uint8Array>,
  preview: SessionPreview,
  part: "head" | "tail",
): Promise<void> {
  for await (const line of readLines(chunks)) {
    const parsed = parseLine(line);
    if (parsed.kind === "json") addToPreview(preview, parsed.value, part);
  }
}

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

function matches(session: DiscoveredSession, search: string | undefined): boolean {
  if (search === undefined || search.trim() === "") return true;
  const wanted = search.trim().toLowerCase();
  const { title, firstPrompt, cwd, gitBranch, id } = session;
  return [title, firstPrompt, cwd, gitBranch, id].some((text) => text?.toLowerCase().includes(wanted) === true);
}

/** The file of a session, wherever in the projects it is; the newest if there are several. */
export async function findClaudeSession(options: {
  readonly configDir: string;
  readonly id: string;
}): Promise<string | undefined> {
  if (!SESSION_ID.test(options.id)) return undefined;
  let found: Candidate | undefined;
  for (const folder of (await listFolder(join(options.configDir, "projects"))) ?? []) {
    if (folder.kind !== "folder") continue;
    const path = join(folder.path, `${options.id}.jsonl`);
    const stat = await statFile(path);
    if (stat !== undefined && (found === undefined || stat.mtimeMs > found.mtimeMs)) found = { path, ...stat };
  }
  return found?.path;
}
