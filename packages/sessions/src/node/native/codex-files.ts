import { historyBase } from "../../codex/threads.ts";
import { SESSION_FILE } from "../../native-records.ts";
import { findRollout, sessionsFolder } from "../codex/find.ts";
import { chunksOf, openFile } from "../files.ts";
import { parseLine, readLines } from "../lines.ts";
import type { NativeFile } from "./claude-files.ts";

const MAX_BASES = 32;
const MAX_META_LINES = 20;

/** A thread's rollout, and those that it continues by reference: without them Codex cannot open it. */
export async function codexNativeFiles(path: string): Promise<readonly NativeFile[]> {
  const files: NativeFile[] = [{ name: SESSION_FILE, path, rewritten: false }];
  const folder = sessionsFolder(path);
  if (folder === undefined) return files;
  const seen = new Set<string>();
  let last = path;
  while (files.length <= MAX_BASES) {
    const threadId = await baseOf(last);
    if (threadId === undefined || seen.has(threadId)) break;
    seen.add(threadId);
    const found = await findRollout(folder, threadId);
    if (found === undefined) break;
    files.push({ name: `threads/${threadId}.jsonl`, path: found, rewritten: false });
    last = found;
  }
  return files;
}

async function baseOf(path: string): Promise<string | undefined> {
  const handle = await openFile(path);
  if (handle === undefined) return undefined;
  try {
    for await (const line of readLines(chunksOf(handle))) {
      const parsed = parseLine(line);
      const base = parsed.kind === "json" ? historyBase(parsed.value) : undefined;
      if (base !== undefined) return base.threadId;
      if (line.number >= MAX_META_LINES) return undefined;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}
