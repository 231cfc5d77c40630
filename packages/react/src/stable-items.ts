import type { TranscriptItem } from "./transcript-items.ts";

/**
 * Gives back the objects of the list before wherever nothing about them changed, so that a memoised view renders only
 * what is new. A list in which nothing changed is itself given back.
 */
export function stableItems(
  before: readonly TranscriptItem[],
  now: readonly TranscriptItem[],
): readonly TranscriptItem[] {
  const known = new Map(before.map((item) => [item.key, item]));
  const list = now.map((item) => {
    const previous = known.get(item.key);
    return previous === undefined ? item : stable(previous, item);
  });
  const same = list.length === before.length && list.every((item, index) => item === before[index]);
  return same ? before : list;
}

function stable(before: TranscriptItem, now: TranscriptItem): TranscriptItem {
  if (before === now) return before;
  const candidate =
    now.kind === "tool" && before.kind === "tool"
      ? { ...now, children: stableItems(before.children, now.children) }
      : now;
  return shallowEqual(before, candidate) ? before : candidate;
}

function shallowEqual(a: object, b: object): boolean {
  const left = Object.entries(a);
  if (left.length !== Object.keys(b).length) return false;
  const right = new Map<string, unknown>(Object.entries(b));
  return left.every(([name, value]) => Object.is(value, right.get(name)));
}
