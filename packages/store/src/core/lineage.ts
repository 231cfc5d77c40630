import type { Segment, StreamRow } from "./rows.ts";

/**
 * Where a fork's inherited messages are. A fork copies its parent's list, oldest first, and adds the parent's own log,
 * so a read needs no recursion. So that the list stays short in long chains of forks, a run of `RUN` segments is
 * replaced by one that says "as in this ancestor's list" (its `of`), and a run of those by one of the next level: a
 * list has at most some `RUN` segments per level, and a position is found over as many ancestors as there are levels,
 * one more for every `RUN` times the depth. An ancestor's row stays as long as anything descends from it.
 */
const RUN = 32;

/** The list of a fork of `parent` at `position`. */
export function lineageOfFork(parent: StreamRow, position: number): readonly Segment[] {
  const lineage = collapse(parent);
  const end = lineage.at(-1)?.below ?? 0;
  if (parent.head > end) lineage.push({ stream: parent.id, below: parent.head });
  return clip(lineage, position);
}

/** The parent's list with every full run replaced by a reference to the parent, where the run stands as it is. */
function collapse(parent: StreamRow): Segment[] {
  const runs = new Map<number, Segment[]>();
  for (const segment of parent.lineage) {
    const level = segment.of?.level ?? 0;
    runs.set(level, [...(runs.get(level) ?? []), segment]);
  }
  return [...runs].flatMap(([level, run]) => {
    const last = run.at(-1);
    if (run.length < RUN || !last) return run;
    return [{ stream: parent.id, below: last.below, of: { path: parent.path, level: level + 1 } }];
  });
}

function clip(lineage: readonly Segment[], position: number): Segment[] {
  const clipped: Segment[] = [];
  let from = 0;
  for (const segment of lineage) {
    const below = Math.min(segment.below, position);
    if (below > from) clipped.push({ ...segment, below });
    from = Math.max(from, below);
  }
  return clipped;
}

/** A run of messages that stand in one stream's own log. */
export interface Span {
  readonly stream: number;
  readonly low: number;
  readonly high: number;
}

/** A span, or a range that has to be looked up in the list of the ancestor at a path. */
export type Located = Span & { readonly in?: string };

/** Where the messages of `[low, high)` are, in order: in ancestors' logs, then in the stream's own. */
export function locate(row: StreamRow, low: number, high: number): Located[] {
  return within([...row.lineage, { stream: row.id, below: row.head }], low, high);
}

function within(segments: readonly Segment[], low: number, high: number): Located[] {
  const found: Located[] = [];
  let from = 0;
  for (const { stream, below, of } of segments) {
    const span = { stream, low: Math.max(low, from), high: Math.min(high, below) };
    if (span.low < span.high) found.push(of ? { ...span, in: of.path } : span);
    from = below;
  }
  return found;
}

/**
 * Looks a range up one step further: `ancestor` is the row at its path. An ancestor that is gone leaves a span in
 * which nothing is, so that the reader meets the hole where it is.
 */
export function locateIn(ancestor: StreamRow | undefined, { stream, low, high }: Located): Located[] {
  return ancestor?.id === stream ? within(ancestor.lineage, low, high) : [{ stream, low, high }];
}

/** All spans of a list in reading order, each looked up when it is its turn. */
export function* spansOf(
  located: readonly Located[],
  direction: "forward" | "backward",
  rowAt: (path: string) => StreamRow | undefined,
): Generator<Span> {
  for (const one of direction === "forward" ? located : located.toReversed())
    if (one.in === undefined) yield one;
    else yield* spansOf(locateIn(rowAt(one.in), one), direction, rowAt);
}
