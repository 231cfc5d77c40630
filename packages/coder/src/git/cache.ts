import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
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

const cachedFile = z.tuple([
  z.string(),
  z.string().regex(/^[0-9a-f]{40,64}$/),
  z.enum(["file", "link"]),
  z.boolean(),
  z.number(),
  z.string(),
  z.string(),
  z.string(),
]);
const cacheFile = z.object({ v: z.literal(1), files: z.array(cachedFile) });

export async function readCache(path: string): Promise<Cache> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return new Map();
  const parsed = cacheFile.safeParse(jsonIn(text));
  if (!parsed.success) return new Map();
  return new Map(
    parsed.data.files.map(([file, oid, kind, executable, size, mtime, ctime, inode]) => [
      file,
      { oid, stat: { kind, executable, size, mtime, ctime, inode } },
    ]),
  );
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
  await writeFile(temporary, JSON.stringify({ v: 1, files }), { mode: 0o600 });
  await rename(temporary, path);
}

/** Clocks of file systems are coarse: what changed so shortly before it was looked at may have changed after it. */
const RACY_NS = 2_000_000_000n;

/** The cache's part that can be believed the next time; `taken` is the file system's own time when it was begun. */
export function believable(files: Cache, taken: bigint): Cache {
  return new Map(
    [...files].filter(([, { stat }]) => BigInt(stat.ctime) + RACY_NS < taken && BigInt(stat.mtime) + RACY_NS < taken),
  );
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
