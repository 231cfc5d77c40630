import type { DiffLine } from "./line-diff.ts";

/** Where in a changed line the change is, in characters. */
export interface Emphasis {
  readonly from: number;
  readonly to: number;
}

/**
 * For lines that were replaced by as many others: what differs between a line and its successor. Nothing is marked
 * where hardly anything stayed, since then all of it is new. Pure.
 */
export function emphasise(lines: readonly DiffLine[]): ReadonlyMap<number, Emphasis> {
  const marks = new Map<number, Emphasis>();
  for (let at = 0; at < lines.length;) {
    const removed = countFrom(lines, at, "removed");
    const added = countFrom(lines, at + removed, "added");
    if (removed > 0 && removed === added) {
      for (let index = at; index < at + removed; index++) mark(marks, lines, index, index + removed);
    }
    at += Math.max(1, removed + added);
  }
  return marks;
}

function countFrom(lines: readonly DiffLine[], from: number, kind: DiffLine["kind"]): number {
  let to = from;
  while (lines[to]?.kind === kind) to++;
  return to - from;
}

function mark(marks: Map<number, Emphasis>, lines: readonly DiffLine[], removed: number, added: number): void {
  const before = lines[removed]?.text ?? "";
  const after = lines[added]?.text ?? "";
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  // Half a word is harder to read than a whole one.
  while (head > 0 && isWord(before[head - 1]) && (isWord(before[head]) || isWord(after[head]))) head--;
  const startsWord = (text: string): boolean => isWord(text[text.length - tail - 1]);
  while (tail > 0 && isWord(before[before.length - tail]) && (startsWord(before) || startsWord(after))) tail--;
  if ((head + tail) * 3 < Math.max(before.trim().length, after.trim().length)) return;
  if (head < before.length - tail) marks.set(removed, { from: head, to: before.length - tail });
  if (head < after.length - tail) marks.set(added, { from: head, to: after.length - tail });
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
