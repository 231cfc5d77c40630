import { chmod, lstat, mkdir, rename, rm, rmdir, symlink, unlink, writeFile } from "node:fs/promises";
import type { Git } from "./git.ts";
import { isInRealFolder, onDisk } from "./file-stat.ts";
import { readBlobs } from "./read-blobs.ts";
import { GitRefused } from "./refusal.ts";
import type { TreeEntry } from "./tree.ts";

/**
 * Writes files of a tree below `top`, as they are: no filter, no line ending is converted. Each is written beside its
 * place and then moved there, so that none is ever half there; nothing is written through a link.
 */
export async function writeFiles(git: Git, top: string, entries: readonly TreeEntry[], nonce: string): Promise<void> {
  const files = entries.filter(({ kind }) => kind !== "repository");
  const folders = new Set<string>();
  const going = new Set<Promise<void>>();
  let index = 0;
  for await (const bytes of readBlobs(
    git,
    top,
    files.map(({ oid }) => oid),
  )) {
    const entry = files[index];
    if (entry === undefined) break;
    const cut = entry.path.lastIndexOf("/");
    const folder = cut < 0 ? "" : entry.path.slice(0, cut);
    if (folder !== "" && !folders.has(folder)) {
      await mkdir(onDisk(top, folder), { recursive: true });
      if (!isInRealFolder(top, entry.path)) {
        throw new GitRefused("changing", "A folder became a link while files were written.", [entry.path]);
      }
      folders.add(folder);
    }
    const temporary = `${folder === "" ? "" : `${folder}/`}.skein-${nonce}-${String(index)}`;
    const written: Promise<void> = writeOne(top, entry, bytes, temporary).finally(() => going.delete(written));
    going.add(written);
    if (going.size >= CONCURRENT) await Promise.race(going);
    index += 1;
  }
  await Promise.all(going);
}

const CONCURRENT = 8;

async function writeOne(top: string, { path, kind }: TreeEntry, bytes: Buffer, temporary: string): Promise<void> {
  const [place, beside] = [onDisk(top, path), onDisk(top, temporary)];
  try {
    if (kind === "link") await symlink(bytes, beside);
    else {
      const before = await lstat(place).catch(() => undefined);
      await writeFile(beside, bytes, { flag: "wx", mode: kind === "executable" ? 0o777 : 0o666 });
      // Who else may read or write it stays as it was.
      if (before?.isFile() === true) await chmod(beside, modeLike(before.mode & 0o777, kind === "executable"));
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

function modeLike(mode: number, executable: boolean): number {
  return executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111;
}

/** Removes files, and the folders that are empty then; `top` stays. */
export async function removeFiles(top: string, paths: readonly string[]): Promise<void> {
  const folders = new Set<string>();
  for (const path of paths) {
    if (!isInRealFolder(top, path)) continue;
    await unlink(onDisk(top, path)).catch(unlessGone);
    for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1))
      folders.add(path.slice(0, cut));
  }
  // The deepest first.
  for (const folder of [...folders].sort().reverse()) await rmdir(onDisk(top, folder)).catch(unlessFull);
}

function unlessGone(error: unknown): void {
  if (!hasCode(error, ["ENOENT"])) throw error;
}

function unlessFull(error: unknown): void {
  if (!hasCode(error, ["ENOTEMPTY", "EEXIST", "ENOENT", "ENOTDIR"])) throw error;
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
