import { stat, writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { believable, planHash, readCache, writeCache } from "./cache.ts";
import type { CachedFile } from "./cache.ts";
import { isSameStat, statAll, statOf } from "./file-stat.ts";
import type { Git } from "./git.ts";
import { GitFailed } from "./git.ts";
import { hashFiles, hashLinks } from "./hash.ts";
import type { Listing } from "./list-files.ts";
import { GitRefused } from "./refusal.ts";
import type { Repository } from "./repository.ts";
import { ownFolder } from "./repository.ts";

export interface SnapshotLimits {
  /** Of one repository. */
  readonly files: number;
  /** That are read for one checkpoint: what did not change since the last one is not read. */
  readonly bytes: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = { files: 100_000, bytes: 512 * 1024 * 1024 };

export interface SnapshotOrder {
  /** Whose cache is used. */
  readonly session: string;
  /** Distinguishes what is going on at the same time. */
  readonly nonce: string;
  readonly limits: SnapshotLimits;
  /** The commits of the repositories in it, by path. */
  readonly nested: ReadonlyMap<string, string>;
}

/** How often files that change while they are read are read again. */
const ATTEMPTS = 5;

/**
 * The tree of what lies in a working tree now: bytes as they are (no filter, no line ending is converted), links,
 * executable bits. Made with an index of its own; nothing that the person has is read beyond what is tracked and
 * ignored, and nothing is written but objects. When objects that the cache knows are gone from the repository it is
 * taken once more without the cache.
 */
export async function snapshotOf(
  git: Git,
  repository: Repository,
  listing: Listing,
  order: SnapshotOrder,
): Promise<{ readonly tree: string; readonly read: number }> {
  try {
    return await takeSnapshot(git, repository, listing, order);
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    await rm(join(await ownFolder(repository), `${order.session}.json`), { force: true });
    return takeSnapshot(git, repository, listing, order);
  }
}

async function takeSnapshot(
  git: Git,
  repository: Repository,
  listing: Listing,
  order: SnapshotOrder,
): Promise<{ readonly tree: string; readonly read: number }> {
  const { top } = repository;
  const { session, nonce, limits } = order;
  if (listing.paths.length > limits.files) {
    throw new GitRefused("too_large", `The repository has more than ${String(limits.files)} files.`);
  }
  const folder = await ownFolder(repository);
  const own = (what: string): string => join(folder, `${session}.${nonce}.${what}`);
  const cachePath = join(folder, `${session}.json`);
  const taken = await fileSystemTime(own("time"));
  const before = await readCache(cachePath);
  const stats = await statAll(top, listing.paths);
  const plan = planHash(stats, before);
  if (plan.bytes > limits.bytes) {
    const [most, size] = [limits.bytes, plan.bytes].map((bytes) => `${String(Math.round(bytes / 1024 / 1024))} MiB`);
    throw new GitRefused("too_large", `${size ?? ""} would have to be kept, and ${most ?? ""} is the most.`);
  }
  const links = await hashLinks(git, top, plan.links, own("links"));
  const files = new Map<string, CachedFile>(plan.known);
  for (const [index, path] of plan.links.entries()) add(files, path, stats.get(path), links[index]);
  const changed = await readFiles(git, top, plan.files, stats);
  for (const [path, file] of changed) files.set(path, file);
  const tree = await writeTree(git, top, own("index"), treeLines(files, listing.absent, order.nested));
  const read = plan.files.length + plan.links.length;
  if (read > 0 || before.size !== files.size) await writeCache(cachePath, own("cache"), believable(files, taken));
  return { tree, read };
}

/** Reads files until each was the same before and after it was read. */
async function readFiles(
  git: Git,
  top: string,
  paths: readonly string[],
  stats: ReadonlyMap<string, ReturnType<typeof statOf>>,
): Promise<Map<string, CachedFile>> {
  const read = new Map<string, CachedFile>();
  const seen = new Map(stats);
  let waiting = [...paths];
  for (let attempt = 0; waiting.length > 0; attempt += 1) {
    if (attempt === ATTEMPTS) throw new GitRefused("changing", "Files change while they are read.", waiting);
    const oids = await hashFiles(git, top, waiting);
    const again: string[] = [];
    for (const [index, path] of waiting.entries()) {
      const now = statOf(top, path);
      const was = seen.get(path);
      if (now === undefined || now.kind !== "file") {
        throw new GitRefused("changing", "Files go away while they are read.", [path]);
      }
      if (was !== undefined && isSameStat(was, now)) add(read, path, now, oids[index]);
      else again.push(path);
      seen.set(path, now);
    }
    waiting = again;
  }
  return read;
}

function add(
  files: Map<string, CachedFile>,
  path: string,
  stat: ReturnType<typeof statOf>,
  oid: string | undefined,
): void {
  if (stat !== undefined && oid !== undefined) files.set(path, { stat, oid });
}

function treeLines(
  files: ReadonlyMap<string, CachedFile>,
  absent: ReadonlyMap<string, string>,
  nested: ReadonlyMap<string, string>,
): string {
  const lines: string[] = [];
  for (const [path, { stat, oid }] of files) lines.push(`${modeOf(stat)} ${oid} 0\t${path}\0`);
  for (const [path, commit] of [...absent, ...nested]) lines.push(`160000 ${commit} 0\t${path}\0`);
  return lines.join("");
}

function modeOf({ kind, executable }: CachedFile["stat"]): string {
  if (kind === "link") return "120000";
  return executable ? "100755" : "100644";
}

async function writeTree(git: Git, top: string, index: string, lines: string): Promise<string> {
  try {
    await git.run(top, ["update-index", "-z", "--index-info"], { index, input: Buffer.from(lines, "latin1") });
    return (await git.run(top, ["write-tree"], { index })).trim();
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/** Milliseconds by the clock that also dates the files. */
async function fileSystemTime(path: string): Promise<number> {
  await writeFile(path, "");
  const { mtimeMs } = await stat(path);
  await rm(path, { force: true });
  return mtimeMs;
}
