/** Lines of a change, for display. Pure; bounded, since what is compared comes out of a transcript. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
  readonly oldNumber?: number;
  readonly newNumber?: number;
}

const MAX_CELLS = 250_000;
const CONTEXT = 3;

/** What changed between two texts, with three lines of what stayed around each change. */
export function diffTexts(before: string, after: string): DiffLine[] {
  const old = before === "" ? [] : before.split("\n");
  const now = after === "" ? [] : after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  const limit = Math.min(old.length, now.length) - head;
  while (tail < limit && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const middle = compare(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: "same", text }));
  return numbered(withGaps([...same(old.slice(0, head)), ...middle, ...same(old.slice(old.length - tail))]));
}

/** A unified diff (of git, or of an agent) as lines. Its file headers are left out. */
export function parseUnifiedDiff(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let oldNumber = 1;
  let newNumber = 1;
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk) {
      oldNumber = Number(hunk[1]);
      newNumber = Number(hunk[2]);
      if (lines.length > 0) lines.push({ kind: "gap", text: "" });
    } else if (/^(diff |index |--- |\+\+\+ |new file|deleted file|similarity |rename |\\ No newline)/.test(line)) {
      continue;
    } else if (line.startsWith("+")) lines.push({ kind: "added", text: line.slice(1), newNumber: newNumber++ });
    else if (line.startsWith("-")) lines.push({ kind: "removed", text: line.slice(1), oldNumber: oldNumber++ });
    else lines.push({ kind: "same", text: line.slice(1), oldNumber: oldNumber++, newNumber: newNumber++ });
  }
  return lines;
}

export function countChanges(lines: readonly DiffLine[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const { kind } of lines) {
    if (kind === "added") added++;
    if (kind === "removed") removed++;
  }
  return { added, removed };
}

/** Longest common subsequence; texts too large for its table are shown as replaced as a whole. */
function compare(old: readonly string[], now: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (old.length * now.length > MAX_CELLS) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  const table = new Uint32Array((old.length + 1) * width);
  const cell = (row: number, column: number): number => table[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row--) {
    for (let column = now.length - 1; column >= 0; column--) {
      table[row * width + column] =
        old[row] === now[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < old.length || column < now.length) {
    const left = old[row];
    const right = now[column];
    if (left !== undefined && left === right) {
      lines.push({ kind: "same", text: left });
      row++;
      column++;
    } else if (left !== undefined && (right === undefined || cell(row + 1, column) >= cell(row, column + 1))) {
      lines.push(removed(left));
      row++;
    } else if (right !== undefined) {
      lines.push(added(right));
      column++;
    }
  }
  return lines;
}

function numbered(lines: readonly (DiffLine & { skip?: number })[]): DiffLine[] {
  let oldNumber = 1;
  let newNumber = 1;
  return lines.map(({ kind, text, skip }) => {
    switch (kind) {
      case "gap":
        oldNumber += skip ?? 0;
        newNumber += skip ?? 0;
        return { kind, text };
      case "added":
        return { kind, text, newNumber: newNumber++ };
      case "removed":
        return { kind, text, oldNumber: oldNumber++ };
      case "same":
        return { kind, text, oldNumber: oldNumber++, newNumber: newNumber++ };
    }
  });
}

function withGaps(lines: readonly DiffLine[]): (DiffLine & { skip?: number })[] {
  const near = new Uint8Array(lines.length);
  for (const [index, line] of lines.entries()) {
    if (line.kind === "same") continue;
    near.fill(1, Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1));
  }
  const shown: (DiffLine & { skip?: number })[] = [];
  let skip = 0;
  for (const [index, line] of lines.entries()) {
    if (near[index] === 0) {
      skip++;
      continue;
    }
    if (skip > 0) shown.push({ kind: "gap", text: "", skip });
    skip = 0;
    shown.push(line);
  }
  return shown;
}
