import { basename, join } from "node:path";
import { addToPreview, emptyPreview, type SessionPreview, shorten } from "../../claude/preview.ts";
import {
  type Candidate,
  type Described,
  type DiscoveredSession,
  type Discovery,
  estimate,
  type ListOptions,
  listNewest,
  readEnds,
  type SkippedFile,
} from "../discovery.ts";
import { listFolder, statFile } from "../files.ts";

export interface DiscoverClaudeOptions extends ListOptions {
  /** Claude Code's folder, usually `~/.claude`. */
  readonly configDir: string;
}

const MAX_FILES = 50_000;
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
/** Claude Code's ids are UUIDs; a file that a person put there under another name is a session, too. Never a path. */
const SESSION_NAME = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * The Claude Code sessions of a configuration folder, newest first. Reads the beginning and the end of as many files
 * as it needs, so its cost is that of the list shown and not of the history behind it.
 */
export async function discoverClaudeSessions(options: DiscoverClaudeOptions): Promise<Discovery> {
  const skipped: SkippedFile[] = [];
  const { candidates, more } = await findCandidates(options.configDir, skipped, options.signal);
  const found = await listNewest(candidates, describe, options);
  return { sessions: found.sessions, skipped: [...skipped, ...found.skipped], more: more || found.more };
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
      if (!SESSION_NAME.test(basename(entry.name, ".jsonl")))
        skipped.push({ path: entry.path, reason: "not-a-session" });
      else if (stat === undefined) skipped.push({ path: entry.path, reason: "unreadable" });
      else if (stat.size === 0) skipped.push({ path: entry.path, reason: "empty" });
      else candidates.push({ path: entry.path, ...stat });
    }
  }
  return { candidates, more: false };
}

async function describe(candidate: Candidate): Promise<Described> {
  const { path, size } = candidate;
  const preview = emptyPreview();
  const read = await readEnds(
    candidate,
    (record, part) => addToPreview(preview, record, part),
    () => preview.firstPrompt !== undefined,
  );
  if (read === undefined) return { path, reason: "unreadable" };
  if (preview.messages === 0 && !UUID.test(basename(path, ".jsonl"))) return { path, reason: "not-a-session" };
  const last = read < size ? preview.lastPrompt : undefined;
  const firstPrompt = preview.firstPrompt ?? (last === undefined ? undefined : shorten(last));
  // Not having found a prompt says that there is none only when all was read, or nobody has answered either.
  if (firstPrompt === undefined && (read >= size || preview.messages === 0)) return { path, reason: "no-prompt" };
  return sessionOf({ candidate, preview, read, firstPrompt });
}

function sessionOf(found: {
  candidate: Candidate;
  preview: SessionPreview;
  read: number;
  firstPrompt: string | undefined;
}): DiscoveredSession {
  const { candidate, preview, firstPrompt } = found;
  const title = preview.customTitle ?? preview.aiTitle ?? preview.summary;
  return {
    agent: "claude",
    id: basename(candidate.path, ".jsonl"),
    path: candidate.path,
    ...(title === undefined ? {} : { title: shorten(title, 200) }),
    ...(firstPrompt === undefined ? {} : { firstPrompt }),
    ...(preview.cwd === undefined ? {} : { cwd: preview.cwd }),
    ...(preview.gitBranch === undefined ? {} : { gitBranch: preview.gitBranch }),
    ...(preview.model === undefined ? {} : { model: preview.model }),
    ...(preview.version === undefined ? {} : { agentVersion: preview.version }),
    updatedAt: Math.round(candidate.mtimeMs),
    sizeBytes: candidate.size,
    messages: estimate(preview.messages, found.read, candidate.size),
  };
}

/** The file of a session, wherever in the projects it is; the newest if there are several. */
export async function findClaudeSession(options: {
  readonly configDir: string;
  readonly id: string;
}): Promise<string | undefined> {
  if (!SESSION_NAME.test(options.id) || options.id.startsWith("agent-")) return undefined;
  let found: Candidate | undefined;
  for (const folder of (await listFolder(join(options.configDir, "projects"))) ?? []) {
    if (folder.kind !== "folder") continue;
    const path = join(folder.path, `${options.id}.jsonl`);
    const stat = await statFile(path);
    if (stat !== undefined && (found === undefined || stat.mtimeMs > found.mtimeMs)) found = { path, ...stat };
  }
  return found?.path;
}
