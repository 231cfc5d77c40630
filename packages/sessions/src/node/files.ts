import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * The ways to files of agents. What is in an agent's folder is somebody else's data: a name from it is only followed
 * when it is an ordinary file in an ordinary folder, so that no link leads out and no pipe makes us wait.
 */

/** Opens an ordinary file; `undefined` when it is none, is not there or may not be read. */
export async function openFile(path: string, { follow = false } = {}): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
  const stat = await handle.stat();
  if (stat.isFile()) return handle;
  await handle.close();
  return undefined;
}

const CHUNK = 64 * 1024;

/** The bytes of a file from its beginning, in one buffer that is used again. Does not close the file. */
export async function* chunksOf(handle: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(CHUNK);
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A part of a file: `length` bytes at `position`, fewer at the end. */
export async function readPart(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

export interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly kind: "file" | "folder";
}

/** What is in a folder, by name, without links; `undefined` when it is no folder of its own or may not be read. */
export async function listFolder(path: string): Promise<FolderEntry[] | undefined> {
  try {
    if (!(await lstat(path)).isDirectory()) return undefined;
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry): FolderEntry => {
        return { name: entry.name, path: join(path, entry.name), kind: entry.isFile() ? "file" : "folder" };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

/** Size, time and identity of an ordinary file; `undefined` when it is none. */
export async function statFile(path: string): Promise<{ size: number; mtimeMs: number; id: string } | undefined> {
  try {
    const stat = await lstat(path);
    return stat.isFile() ? { size: stat.size, mtimeMs: stat.mtimeMs, id: `${stat.dev}:${stat.ino}` } : undefined;
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}

const FILE_ERRORS = new Set([
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "EISDIR",
  "ENXIO",
  "ENAMETOOLONG",
  "EINVAL",
]);

function isFileError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && FILE_ERRORS.has(error.code);
}
