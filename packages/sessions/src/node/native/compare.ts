import { openFile, readPart } from "../files.ts";

const STEP = 256 * 1024;
const NEWLINE = 10;
const MAX_FIRST_LINE = 64 * 1024 * 1024;

/** How many bytes the first line has, its end included; 0 for a file without a whole line. */
export async function firstLineLength(path: string): Promise<number> {
  const handle = await openFile(path);
  if (handle === undefined) return 0;
  try {
    for (let from = 0; from < MAX_FIRST_LINE; from += STEP) {
      const part = await readPart(handle, from, STEP);
      const found = part.indexOf(NEWLINE);
      if (found >= 0) return from + found + 1;
      if (part.length < STEP) return 0;
    }
    return 0;
  } finally {
    await handle.close();
  }
}

interface From {
  readonly path: string;
  readonly from: number;
}

/** How long two files are the same from these places on, and which of them has ended there. */
export async function commonPrefix(
  first: From,
  second: From,
): Promise<{ readonly bytes: number; readonly ended: "first" | "second" | "both" | "neither" }> {
  const one = await openFile(first.path);
  const other = await openFile(second.path);
  try {
    if (one === undefined || other === undefined) return { bytes: 0, ended: "neither" };
    for (let bytes = 0; ;) {
      const a = await readPart(one, first.from + bytes, STEP);
      const b = await readPart(other, second.from + bytes, STEP);
      const length = Math.min(a.length, b.length);
      const same = Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0;
      bytes += same ? length : differsAt(a, b);
      if (!same) return { bytes, ended: "neither" };
      if (a.length === STEP && b.length === STEP) continue;
      if (a.length === b.length) return { bytes, ended: "both" };
      return { bytes, ended: a.length < b.length ? "first" : "second" };
    }
  } finally {
    await one?.close();
    await other?.close();
  }
}

function differsAt(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return at;
}
