import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { listFolder } from "../files.ts";
import { wholeLines } from "../copy-lines.ts";
import { linesOfRecords, writeNewFile, type Written } from "../write-file.ts";
import { findClaudeSession } from "./discover.ts";

export interface ClaudeTarget {
  readonly configDir: string;
  /** The id that the session gets: a UUID, or Claude Code does not resume it. */
  readonly id: string;
  /** Where the agent will work: Claude Code files sessions by it. */
  readonly cwd: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_NAME = 200;

/** Writes a session file where Claude Code finds it. */
export async function writeClaudeSession(
  target: ClaudeTarget & { readonly records: readonly object[] },
): Promise<Written> {
  const place = await placeOf(target);
  return place.kind === "exists" ? place : writeNewFile(place.path, linesOfRecords(target.records));
}

/**
 * Copies a session under another id, line by line as it is, with its sub-agents. The rows still name the session that
 * they are from: Claude Code goes by the name of the file.
 */
export async function copyClaudeSession(
  target: ClaudeTarget & { readonly path: string; readonly signal?: AbortSignal },
): Promise<Written> {
  const { path, signal } = target;
  const place = await placeOf(target);
  if (place.kind === "exists") return place;
  // First what belongs to it: once the session is there, all of it is.
  const own = join(dirname(path), basename(path, ".jsonl"), "subagents");
  for (const file of (await listFolder(own)) ?? []) {
    if (file.kind !== "file" || !/^agent-[^/]+\.(?:jsonl|meta\.json)$/.test(file.name)) continue;
    const copy = join(dirname(place.path), target.id, "subagents", file.name);
    await writeNewFile(copy, wholeLines(file.path, signal));
  }
  return writeNewFile(place.path, wholeLines(path, signal));
}

async function placeOf({ configDir, id, cwd }: ClaudeTarget): Promise<Written | { kind: "free"; path: string }> {
  if (!UUID.test(id)) throw new Error(`“${id}” is no id of a Claude Code session.`);
  const path = await findClaudeSession({ configDir, id });
  if (path !== undefined) return { kind: "exists", path };
  return { kind: "free", path: join(configDir, "projects", await folderName(cwd), `${id}.jsonl`) };
}

/** A long folder's name ends in a hash of Claude Code's own; ours serves as well, since ids are looked for everywhere. */
async function folderName(cwd: string): Promise<string> {
  const resolved = await realpath(cwd).catch(() => cwd);
  const name = resolved.replaceAll(/[^a-zA-Z0-9]/g, "-");
  if (name.length <= MAX_NAME) return name;
  return `${name.slice(0, MAX_NAME)}-${createHash("sha256").update(resolved).digest("hex").slice(0, 6)}`;
}
