import { chunksOf, openFile } from "./files.ts";

const NEWLINE = 10;

/** The bytes of a file up to its last whole line. What is cut off in the middle would spoil whatever is appended. */
export async function* wholeLines(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await openFile(path);
  if (handle === undefined) throw new Error(`There is no readable file at ${path}.`);
  try {
    let rest: Uint8Array[] = [];
    for await (const chunk of chunksOf(handle, signal)) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        yield* rest;
        rest = [];
        yield chunk.slice(0, end);
      }
      // Copied: the reader uses its buffer again.
      if (end < chunk.length) rest.push(chunk.slice(end));
    }
    const last = Buffer.concat(rest);
    if (isJson(last)) yield Buffer.concat([last, Buffer.from("\n")]);
  } finally {
    await handle.close();
  }
}

function isJson(bytes: Buffer): boolean {
  if (bytes.length === 0) return false;
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false; // torn
  }
}
