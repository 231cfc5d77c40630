import { lstatSync } from "node:fs";
import { join } from "node:path";

/** What a path was when it was looked at; a file that has the same again has the same content (see `cache.ts`). */
export interface FileStat {
  readonly kind: "file" | "link";
  readonly executable: boolean;
  readonly size: number;
  /** Milliseconds, with fractions. */
  readonly mtime: number;
  readonly ctime: number;
  readonly inode: number;
}

/** Between two of these others get their turn: looking is fast, and there may be many files. */
const SLICE = 64;

const PLAIN = /^[\x20-\x7e]*$/;

/** A path of git's (one byte per character) as the file system wants it. */
export function onDisk(top: string, path: string): Buffer | string {
  // Most are plain, and cheaper as they are.
  if (PLAIN.test(path)) return `${top}/${path}`;
  return Buffer.concat([Buffer.from(join(top, "/"), "utf8"), Buffer.from(path, "latin1")]);
}

/**
 * Looks at each path; what is not there, is a directory, or can be reached only through a link is left out. What is
 * neither file, link nor directory (pipes, sockets, devices) is left out too: git has no word for it.
 */
export async function statAll(top: string, paths: readonly string[]): Promise<Map<string, FileStat>> {
  const stats = new Map<string, FileStat>();
  const folders = new Map<string, boolean>();
  for (const [index, path] of paths.entries()) {
    if (index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    if (!isInRealFolder(top, path, folders)) continue;
    const stat = statOf(top, path);
    if (stat !== undefined) stats.set(path, stat);
  }
  return stats;
}

export function statOf(top: string, path: string): FileStat | undefined {
  const found = lstatSync(onDisk(top, path), { throwIfNoEntry: false });
  if (found === undefined || !(found.isFile() || found.isSymbolicLink())) return undefined;
  return {
    kind: found.isFile() ? "file" : "link",
    executable: found.isFile() && (found.mode & 0o100) !== 0,
    size: found.size,
    mtime: found.mtimeMs,
    ctime: found.ctimeMs,
    inode: found.ino,
  };
}

export function isSameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.kind === b.kind &&
    a.executable === b.executable &&
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.ctime === b.ctime &&
    a.inode === b.inode
  );
}

/** Whether all folders above a path are folders, and not links to somewhere. */
export function isInRealFolder(top: string, path: string, known: Map<string, boolean> = new Map()): boolean {
  const cut = path.lastIndexOf("/");
  if (cut < 0) return true;
  const folder = path.slice(0, cut);
  const before = known.get(folder);
  if (before !== undefined) return before;
  const isReal =
    isInRealFolder(top, folder, known) &&
    lstatSync(onDisk(top, folder), { throwIfNoEntry: false })?.isDirectory() === true;
  known.set(folder, isReal);
  return isReal;
}
