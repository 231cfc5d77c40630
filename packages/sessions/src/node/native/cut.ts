import type { Normalised } from "../../normalised.ts";
import { chunksOf, openFile } from "../files.ts";
import { parseLine, readLines } from "../lines.ts";

/** Where a session's file ends when its transcript ends at some row. */
export interface NativeCut {
  /** Of the last line that is kept, from 1; 0: none. */
  readonly lines: number;
  /** Bytes up to there. */
  readonly offset: number;
  /** The file has everything that the transcript has up to there. */
  readonly complete: boolean;
}

/** Rows of the conversation itself: others may be told by a later record, or by none. */
const SPOKEN: ReadonlySet<string> = new Set([
  "user_message",
  "assistant_message",
  "thinking",
  "tool_call",
  "tool_result",
  "compaction",
]);

/**
 * Finds the last line of a session's own file whose rows are all in the transcript that is kept, and behind which
 * nothing of it comes. `lastKey`: a row that must be in the file for it to be complete.
 */
export async function cutAtRow(
  path: string,
  normaliser: { push(record: unknown): Pick<Normalised, "rows"> },
  { has, lastKey }: { readonly has: (key: string) => boolean; readonly lastKey: string | undefined },
): Promise<NativeCut> {
  let lines = 0;
  let complete = lastKey === undefined;
  for await (const line of linesOf(path)) {
    const parsed = parseLine(line);
    if (parsed.kind === "none") continue;
    const { rows } = normaliser.push(parsed.value);
    if (rows.some(({ key }) => key === lastKey)) complete = true;
    const kept = rows.filter(({ key }) => has(key));
    const isBehind = rows.some(({ key, type }) => SPOKEN.has(type) && !has(key));
    if (kept.length > 0 && !isBehind) lines = line.number;
  }
  return { lines, offset: await endOfLine(path, lines), complete };
}

async function* linesOf(path: string) {
  const handle = await openFile(path);
  if (handle === undefined) throw new Error(`There is no readable file at ${path}.`);
  try {
    yield* readLines(chunksOf(handle));
  } finally {
    await handle.close();
  }
}

/** The position behind the nth line. */
async function endOfLine(path: string, lines: number): Promise<number> {
  if (lines === 0) return 0;
  const handle = await openFile(path);
  if (handle === undefined) return 0;
  let position = 0;
  let count = 0;
  try {
    for await (const chunk of chunksOf(handle)) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
        count += 1;
        if (count === lines) return position + at + 1;
      }
      position += chunk.length;
    }
    return position;
  } finally {
    await handle.close();
  }
}
