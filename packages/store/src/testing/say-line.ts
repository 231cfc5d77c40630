import { writeSync } from "node:fs";

/**
 * Writes a line to standard output before it returns: what stands in the pipe has been said, whatever happens next. A
 * full pipe, of a reader who is slower than we are, is waited for.
 */
export function sayLine(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let from = 0; from < bytes.length;) from += tryWrite(bytes.subarray(from));
}

function tryWrite(bytes: Uint8Array): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}
