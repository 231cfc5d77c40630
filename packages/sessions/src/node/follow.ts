import type { FileHandle } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { statFile } from "./files.ts";
import { createLineSplitter, type Line } from "./lines.ts";

/** What is told of a file that somebody writes: it changed, or it has been quiet for a while. */
export type FileNews = "changed" | "quiet";

/** Between lines, when nothing has been written for a while. */
export interface Quiet {
  readonly kind: "quiet";
}

const CHUNK = 64 * 1024;

/**
 * The lines of a file that grows, without end: after the last complete one it waits for news. A line that is being
 * written waits until it is complete. Ends when the news end, and when the file was cut short.
 */
export async function* followLines(
  handle: FileHandle,
  news: AsyncIterable<FileNews>,
  signal?: AbortSignal,
): AsyncGenerator<Line | Quiet, void, undefined> {
  const splitter = createLineSplitter();
  const buffer = new Uint8Array(CHUNK);
  let position = 0;
  async function* readOn(): AsyncGenerator<Line, void, undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield* splitter.push(buffer.subarray(0, bytesRead));
    }
  }
  yield* readOn();
  for await (const item of news) {
    if ((await handle.stat()).size < position) return;
    yield* readOn();
    if (item === "quiet") yield { kind: "quiet" };
  }
}

/**
 * News of a file, by looking: works on every kind of disk, and costs one `stat` per look. Ends when the file is gone or
 * replaced by another, and when the signal aborts.
 */
export async function* watchFile(
  path: string,
  options: { readonly signal: AbortSignal; readonly everyMs?: number; readonly quietMs?: number },
): AsyncGenerator<FileNews, void, undefined> {
  const { signal, everyMs = 500, quietMs = 1500 } = options;
  const first = await statFile(path);
  let last = first;
  let still = 0;
  while (last !== undefined && last.id === first?.id) {
    try {
      await wait(everyMs, undefined, { signal });
    } catch {
      return; // aborted
    }
    const now = await statFile(path);
    if (now === undefined || now.id !== last.id) return;
    const changed = now.size !== last.size || now.mtimeMs !== last.mtimeMs;
    still = changed ? 0 : still + everyMs;
    if (changed) yield "changed";
    else if (still >= quietMs && still < quietMs + everyMs) yield "quiet";
    last = now;
  }
}
