import { basename, dirname, join } from "node:path";
import { SESSION_FILE, isNativeFileName } from "../../native-records.ts";
import { listFolder } from "../files.ts";

/** A file of a session, by its name on the native stream. */
export interface NativeFile {
  readonly name: string;
  readonly path: string;
  /** Written anew as a whole, instead of being appended to. */
  readonly rewritten: boolean;
}

const MAX_FILES = 2_000;

/** Everything that Claude Code keeps of a session's conversation: its file, and those of its sub-agents. */
export async function claudeNativeFiles(path: string): Promise<readonly NativeFile[]> {
  const folder = join(dirname(path), basename(path, ".jsonl"), "subagents");
  const own = ((await listFolder(folder)) ?? []).flatMap((entry): NativeFile[] => {
    const name = `subagents/${entry.name}`;
    if (entry.kind !== "file" || !isNativeFileName(name)) return [];
    return [{ name, path: entry.path, rewritten: name.endsWith(".json") }];
  });
  return [{ name: SESSION_FILE, path, rewritten: false }, ...own.slice(0, MAX_FILES)];
}
