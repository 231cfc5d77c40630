import type { Overview, Turn } from "@skein/react";

/** What two sessions have in common, and what each has for itself. Pure. */
export interface Comparison {
  /** Turns at the beginning that both have: a fork has the very rows of its origin. */
  readonly shared: number;
  readonly left: Side;
  readonly right: Side;
}

export interface Side {
  readonly turns: readonly Turn[];
  readonly files: readonly { path: string; added: number; removed: number; both: boolean }[];
}

export function compareSessions(left: Overview, right: Overview): Comparison {
  const rows = new Set(left.turns.map(({ row }) => row));
  const common = right.turns.filter(({ row }) => rows.has(row));
  // A turn in the middle of which the fork began counts as common.
  const last = common.at(-1);
  const own = (overview: Overview): { turns: readonly Turn[]; from: number } => {
    const turns = overview.turns.filter(({ number }) => number > (last?.number ?? 0));
    return { turns, from: last?.number ?? 0 };
  };
  const files = (overview: Overview) => changedBehind(overview, own(overview).from);
  const [a, b] = [files(left), files(right)];
  const side = (overview: Overview, mine: ReturnType<typeof files>, others: ReturnType<typeof files>): Side => ({
    turns: own(overview).turns,
    files: [...mine].map(([path, amounts]) => ({ path, ...amounts, both: others.has(path) })),
  });
  return { shared: common.length, left: side(left, a, b), right: side(right, b, a) };
}

function changedBehind({ files }: Overview, turn: number): Map<string, { added: number; removed: number }> {
  const changed = new Map<string, { added: number; removed: number }>();
  for (const { path, changes } of files) {
    const own = changes.filter((change) => change.turn > turn);
    if (own.length === 0) continue;
    const total = (of: "added" | "removed"): number => own.reduce((sum, change) => sum + change[of], 0);
    changed.set(path, { added: total("added"), removed: total("removed") });
  }
  return changed;
}
