import { netLines, type NetLine, type Piece } from "./net-lines.ts";

/**
 * Changes of one file, one after the other, as the one change that they amount to. A file is known only where a diff
 * has shown it: the rest is stretches of unknown lines, which keep the numbers right. When a diff does not fit what is
 * known, somebody else changed the file in between: what came before is closed as a part of its own. Pure.
 */
export interface NetDiff {
  /** More than one when the file was changed by others in between. */
  readonly parts: readonly (readonly NetLine[])[];
  /** Changes without a diff, or with one too large to be kept whole: they are not in the parts. */
  readonly unknown: number;
}

interface Hunk {
  readonly newStart: number;
  readonly newLines: number;
  readonly oldLines: number;
  readonly lines: readonly string[];
}

const MOST_PIECES = 20_000;

export function netDiff(diffs: readonly (string | undefined)[]): NetDiff {
  const parts: (readonly NetLine[])[] = [];
  let file: readonly Piece[] = untouched();
  let unknown = 0;
  for (const diff of diffs) {
    const hunks = diff === undefined ? undefined : readHunks(diff);
    if (hunks === undefined || hunks.length === 0) {
      unknown += 1;
      continue;
    }
    const next = applyAll(file, hunks) ?? closed(parts, file, hunks);
    if (next === undefined || next.length > MOST_PIECES) {
      unknown += 1;
      continue;
    }
    file = next;
  }
  push(parts, file);
  return { parts, unknown };
}

function untouched(): readonly Piece[] {
  return [{ kind: "unknown", lines: Number.POSITIVE_INFINITY }];
}

function closed(parts: (readonly NetLine[])[], file: readonly Piece[], hunks: readonly Hunk[]) {
  const fresh = applyAll(untouched(), hunks);
  if (fresh !== undefined) push(parts, file);
  return fresh;
}

function push(parts: (readonly NetLine[])[], file: readonly Piece[]): void {
  const lines = netLines(file);
  if (lines.length > 0) parts.push(lines);
}

/** `undefined` for what is no unified diff with line numbers. */
function readHunks(diff: string): readonly Hunk[] | undefined {
  const hunks: { newStart: number; newLines: number; oldLines: number; lines: string[] }[] = [];
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const [, oldLines = "1", start, newLines = "1"] = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (start !== undefined) {
      hunks.push({ newStart: Number(start), newLines: Number(newLines), oldLines: Number(oldLines), lines: [] });
    } else if (/^[ +-]/.test(line)) hunks.at(-1)?.lines.push(line);
    else if (line === "") hunks.at(-1)?.lines.push(" ");
    else if (!line.startsWith("\\") && hunks.length > 0) return undefined;
  }
  // A diff of which the middle was left out has fewer lines than its hunks promise.
  const without = (lines: readonly string[], sign: string): number =>
    lines.filter((line) => !line.startsWith(sign)).length;
  const whole = hunks.every(
    ({ newLines, oldLines, lines }) => without(lines, "-") === newLines && without(lines, "+") === oldLines,
  );
  return whole ? hunks : undefined;
}

function applyAll(file: readonly Piece[], hunks: readonly Hunk[]): readonly Piece[] | undefined {
  let pieces: readonly Piece[] | undefined = file;
  for (const hunk of hunks) pieces = pieces && applyHunk(pieces, hunk);
  return pieces;
}

/** The hunks before it are applied already, so it begins where it says that it will stand. */
function applyHunk(file: readonly Piece[], { newStart, newLines, lines }: Hunk): readonly Piece[] | undefined {
  const before = newLines === 0 ? newStart : newStart - 1;
  const at = split(file, before);
  if (at === undefined) return undefined;
  const done = [...at.before];
  const left = at.after.toReversed();
  for (const line of lines) {
    const text = line.slice(1);
    if (line.startsWith("+")) {
      done.push({ kind: "line", text, old: false });
      continue;
    }
    const now = takeLine(left, text, done);
    if (now === undefined) return undefined;
    if (line.startsWith(" ")) done.push(now);
    else if (now.old) done.push({ kind: "gone", text });
  }
  return [...done, ...left.toReversed()];
}

/** The next line that stands in the file, if it reads as the diff says. Lines that are gone are passed by. */
function takeLine(
  left: Piece[],
  text: string,
  done: Piece[],
): { kind: "line"; text: string; old: boolean } | undefined {
  for (let piece = left.pop(); piece !== undefined; piece = left.pop()) {
    if (piece.kind === "gone") {
      done.push(piece);
      continue;
    }
    if (piece.kind === "line") return piece.text === text ? piece : undefined;
    if (piece.lines > 1) left.push({ kind: "unknown", lines: piece.lines - 1 });
    return { kind: "line", text, old: true };
  }
  return undefined;
}

/** The pieces of the first lines, and the others. */
function split(
  file: readonly Piece[],
  lines: number,
): { before: readonly Piece[]; after: readonly Piece[] } | undefined {
  let left = lines;
  for (const [index, piece] of file.entries()) {
    const size = piece.kind === "unknown" ? piece.lines : piece.kind === "line" ? 1 : 0;
    if (left === 0) return { before: file.slice(0, index), after: file.slice(index) };
    if (size <= left) {
      left -= size;
      continue;
    }
    const head: Piece = { kind: "unknown", lines: left };
    const tail: Piece = { kind: "unknown", lines: size - left };
    return { before: [...file.slice(0, index), head], after: [tail, ...file.slice(index + 1)] };
  }
  return left === 0 ? { before: file, after: [] } : undefined;
}
