import { readFile, rename, writeFile } from "node:fs/promises";
import type { FileStat } from "./file-stat.ts";
import { isSameStat } from "./file-stat.ts";

/**
 * What was hashed before, so that a checkpoint reads only files that changed. It is a cache: without it everything is
 * hashed again, to the same result. One per session and working tree.
 */
export interface CachedFile {
  readonly stat: FileStat;
  readonly oid: string;
}
export type Cache = ReadonlyMap<string, CachedFile>;

export async function readCache(path: string): Promise<Cache> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return new Map();
  const told = jsonIn(text);
  const files = new Map<string, CachedFile>();
  if (typeof told !== "object" || told === null || !("v" in told) || told.v !== 2) return files;
  if (!("files" in told) || !Array.isArray(told.files)) return files;
  for (const row of told.files) {
    const file = Array.isArray(row) ? fileIn(row) : undefined;
    if (file === undefined) return new Map();
    files.set(file.path, file);
  }
  return files;
}

/** There may be very many: looked at by hand. */
function fileIn(row: readonly unknown[]): (CachedFile & { readonly path: string }) | undefined {
  const [path, oid, kind, executable, size, mtime, ctime, inode] = row;
  if (typeof path !== "string" || typeof oid !== "string" || !/^[0-9a-f]{40,64}$/.test(oid)) return undefined;
  if ((kind !== "file" && kind !== "link") || typeof executable !== "boolean" || typeof size !== "number")
    return undefined;
  if (typeof mtime !== "number" || typeof ctime !== "number" || typeof inode !== "number") return undefined;
  return { path, oid, stat: { kind, executable, size, mtime, ctime, inode } };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `temporary`: a path of its own beside it, so that a reader never sees half of it. */
export async function writeCache(path: string, temporary: string, cache: Cache): Promise<void> {
  const files = [...cache].map(([file, { oid, stat }]) => [
    file,
    oid,
    stat.kind,
    stat.executable,
    stat.size,
    stat.mtime,
    stat.ctime,
    stat.inode,
  ]);
  await writeFile(temporary, JSON.stringify({ v: 2, files }), { mode: 0o600 });
  await rename(temporary, path);
}

/** Clocks of file systems are coarse: what changed so shortly before it was looked at may have changed after it. */
const RACY_MS = 2000;

/** The cache's part that can be believed the next time; `taken` is the file system's own time when it was begun. */
export function believable(files: Cache, taken: number): Cache {
  return new Map([...files].filter(([, { stat }]) => Math.max(stat.ctime, stat.mtime) + RACY_MS < taken));
}

export interface HashPlan {
  /** Known from before. */
  readonly known: ReadonlyMap<string, CachedFile>;
  readonly files: readonly string[];
  readonly links: readonly string[];
  /** Of the files to be read. */
  readonly bytes: number;
}

/** Which files have to be read. */
export function planHash(stats: ReadonlyMap<string, FileStat>, cache: Cache): HashPlan {
  const known = new Map<string, CachedFile>();
  const files: string[] = [];
  const links: string[] = [];
  let bytes = 0;
  for (const [path, stat] of stats) {
    const before = cache.get(path);
    if (before !== undefined && isSameStat(before.stat, stat)) {
      known.set(path, before);
      continue;
    }
    (stat.kind === "file" ? files : links).push(path);
    bytes += stat.size;
  }
  return { known, files, links, bytes };
}
