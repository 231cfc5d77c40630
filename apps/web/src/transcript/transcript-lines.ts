import type { TranscriptItem } from "@skein/react";
import { useEffect, useMemo, useState } from "react";
import { groupLines, type ToolGroup, type TranscriptLine } from "./groups.ts";
import { useTranscript } from "./transcript-context.ts";

/** A row that somebody wants to see; `jump` is another number when it is to be shown once more. */
export interface WantedRow {
  readonly row: string;
  readonly position: number | undefined;
  readonly jump: number;
}

const ESTIMATE: Readonly<Record<TranscriptItem["kind"], number>> = {
  prompt: 100,
  assistant: 120,
  thinking: 30,
  tool: 32,
  permission: 42,
  question: 60,
  plan: 120,
  changes: 200,
  turn: 44,
  aborted: 44,
  error: 70,
  compaction: 44,
  marker: 32,
  unknown: 40,
};

const LINE = 32;

export function estimateHeight(line: TranscriptLine | undefined): number {
  return line === undefined || line.kind === "group" ? LINE : ESTIMATE[line.item.kind];
}

/** The items as lines, with the groups that the reader, or a link to one of their rows, has unfolded. */
export function useLines(
  items: readonly TranscriptItem[],
  active: boolean,
  pointed: string | undefined,
  jump: number | undefined,
) {
  const { folds } = useTranscript();
  const [turns, setTurns] = useState(0);
  const lines = useMemo(() => {
    const isOpen = (run: readonly TranscriptItem[]): boolean => {
      // A group is named for either of its ends: what was chosen holds for both.
      const chosen = [run[0], run.at(-1)].map((item) => folds.get(`group:${item?.key ?? ""}`));
      return chosen.find((one) => one !== undefined) ?? run.some(({ key }) => key === pointed);
    };
    return groupLines(items, { active, isOpen });
    // `turns` counts what was folded since: that is kept beside React, so that it survives scrolling.
  }, [items, active, pointed, folds, turns]);
  useEffect(() => {
    // Whoever asks for a row sees it, even if its group was folded by hand before.
    const closed = groupLines(items, { active, isOpen: () => false });
    const group = closed.find((line) => line.kind === "group" && line.items.some(({ key }) => key === pointed));
    if (group?.kind !== "group" || jump === undefined) return;
    for (const item of [group.items[0], group.items.at(-1)]) folds.delete(`group:${item?.key ?? ""}`);
    setTurns((count) => count + 1);
  }, [pointed, jump]);
  const toggle = (group: ToolGroup): void => {
    for (const item of [group.items[0], group.items.at(-1)]) {
      if (item !== undefined) folds.set(`group:${item.key}`, !group.open);
    }
    setTurns(turns + 1);
  };
  return [lines, toggle] as const;
}

/** The item that shows a row: its own, or the one that the row became part of, such as the call of a result. */
export function itemFor(items: readonly TranscriptItem[], target: WantedRow | undefined): string | undefined {
  if (target === undefined) return undefined;
  const own = items.find((item) => item.row === target.row);
  if (own !== undefined) return own.key;
  const { position = -1 } = target;
  const inView = position >= (items[0]?.position ?? 0) && position <= (items.at(-1)?.position ?? -1);
  return inView ? items.findLast((item) => item.position <= position)?.key : undefined;
}
