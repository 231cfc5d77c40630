import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { CodexNormaliser, Normalised } from "@skein/sessions";

/**
 * A thread's rollout while Codex writes it. Rows come from the file and not from notifications, so that what is seen
 * live and what is read later are the same rows by construction; notifications say when to look.
 */
export interface RolloutTail {
  /** What was added since the last look; nothing while there is no file yet. Looks happen one after the other. */
  read(): Promise<readonly Normalised[]>;
  close(): Promise<void>;
}

const CHUNK = 256 * 1024;
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

export function createRolloutTail(path: string, normaliser: CodexNormaliser): RolloutTail {
  const lines = createLines();
  let handle: FileHandle | undefined;
  let position = 0;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function readOn(): Promise<readonly Normalised[]> {
    if (closed) return [];
    handle ??= await openOrNot(path);
    const found: Normalised[] = [];
    if (handle === undefined) return found;
    const buffer = Buffer.alloc(CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return found;
      position += bytesRead;
      for (const line of lines(buffer.subarray(0, bytesRead))) {
        const record = parsed(line);
        if (record !== undefined) found.push(normaliser.push(record));
      }
    }
  }

  function next<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    // A look that failed is told to whoever looked; the next one looks again.
    last = done.catch(() => undefined);
    return done;
  }

  return {
    read: () => next(readOn),
    close: () =>
      next(async () => {
        closed = true;
        await handle?.close();
      }),
  };
}

async function openOrNot(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Cuts chunks into whole lines; the begun one waits. One beyond the limit is passed over. */
function createLines(): (chunk: Buffer) => string[] {
  let parts: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    const found: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const part = chunk.subarray(start, end);
      if (size + part.length <= MAX_LINE_BYTES) found.push(Buffer.concat([...parts, part]).toString("utf8"));
      parts = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    // Copied: the buffer is used again.
    if (size <= MAX_LINE_BYTES) parts.push(Buffer.from(chunk.subarray(start)));
    else parts = [];
    return found;
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // blank, or torn by a crash
  }
}
