import type { FileHandle } from "node:fs/promises";
import { openFile, readPart } from "../files.ts";

/** A run of a file's bytes. */
export interface FileRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Cut at the end of a line where there is one: most runs are text that can be read. */
const RUN = 256 * 1024;
const LOOK_BACK = 64 * 1024;
const NEWLINE = 10;

/**
 * What a file has behind `from`, up to its last whole line, in runs that are small enough for one event each. A line
 * of any length is given, in pieces; the line that is being written is not.
 */
export async function* fileRuns(path: string, from: number): AsyncGenerator<FileRun, void, undefined> {
  const handle = await openFile(path);
  if (handle === undefined) return;
  try {
    const end = await lastLineEnd(handle, from);
    for (let offset = from; offset < end;) {
      const bytes = await readPart(handle, offset, Math.min(RUN, end - offset));
      const cut = bytes.lastIndexOf(NEWLINE) + 1;
      const run = cut > 0 ? bytes.subarray(0, cut) : bytes;
      if (run.length === 0) return; // cut short meanwhile
      yield { offset, bytes: run };
      offset += run.length;
    }
  } finally {
    await handle.close();
  }
}

/** The position behind the last line's end, found from the back; `from` when there is none behind it. */
async function lastLineEnd(handle: FileHandle, from: number): Promise<number> {
  for (let end = (await handle.stat()).size; end > from;) {
    const start = Math.max(from, end - LOOK_BACK);
    const found = (await readPart(handle, start, end - start)).lastIndexOf(NEWLINE);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return from;
}
