import { basename, dirname, join } from "node:path";
import { THREAD_ID } from "../../codex/threads.ts";
import type { Candidate } from "../discovery.ts";
import { listFolder, statFile } from "../files.ts";

const MAX_FILES = 50_000;
/** Codex files its rollouts by year, month and day; importers choose folders of their own. */
const MAX_DEPTH = 4;
const ROLLOUT = /^rollout-.+\.jsonl$/;

/** Every rollout below a folder. */
export async function findRollouts(folder: string, signal?: AbortSignal): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    signal?.throwIfAborted();
    const entries = (await listFolder(path)) ?? [];
    // The newest day first, so that a limit leaves out what is old.
    for (const entry of entries.toReversed()) {
      if (found.length >= MAX_FILES) return;
      if (entry.kind === "folder" && depth < MAX_DEPTH) await visit(entry.path, depth + 1);
      if (entry.kind !== "file" || !ROLLOUT.test(entry.name)) continue;
      const stat = await statFile(entry.path);
      if (stat !== undefined) found.push({ path: entry.path, ...stat });
    }
  };
  await visit(folder, 0);
  return found;
}

/** The rollout of a thread below a folder; of several, the one written last. */
export async function findRollout(folder: string, threadId: string): Promise<string | undefined> {
  if (!THREAD_ID.test(threadId)) return undefined;
  // A thread that was taken back goes on in a file with a segment behind its id.
  const named = (path: string) => basename(path).includes(`-${threadId}.`) || basename(path).includes(`-${threadId}_`);
  const files = (await findRollouts(folder)).filter((file) => named(file.path));
  files.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? 1 : -1));
  return files[0]?.path;
}

/** The file of a Codex session. */
export async function findCodexSession(options: {
  readonly codexHome: string;
  readonly id: string;
}): Promise<string | undefined> {
  const { codexHome, id } = options;
  return (await findRollout(join(codexHome, "sessions"), id)) ?? findRollout(join(codexHome, "archived_sessions"), id);
}

/** The folder of all sessions that a rollout stands in; `undefined` for one that stands alone. */
export function sessionsFolder(path: string): string | undefined {
  let folder = dirname(path);
  for (let up = 0; up <= MAX_DEPTH; up++) {
    const name = basename(folder);
    if (name === "sessions" || name === "archived_sessions") return folder;
    folder = dirname(folder);
  }
  return undefined;
}
