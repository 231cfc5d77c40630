import type { Turn } from "@skein/react";

/** What the turns used, ready to be drawn. Pure. */
export interface UsagePoint {
  readonly turn: number;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly cost: number | undefined;
  /** Cost of all turns up to this one. */
  readonly spent: number;
  readonly context: number | undefined;
  readonly window: number | undefined;
}

export function usagePoints(turns: readonly Turn[]): readonly UsagePoint[] {
  let spent = 0;
  return turns.flatMap(({ number, usage }) => {
    if (usage === undefined) return [];
    spent += amount(usage.costUsd);
    return [
      {
        turn: number,
        input: amount(usage.inputTokens),
        cached: amount(usage.cachedInputTokens),
        output: amount(usage.outputTokens),
        cost: usage.costUsd,
        spent,
        context: usage.contextTokens,
        window: usage.contextWindow,
      },
    ];
  });
}

export function usageTotals(points: readonly UsagePoint[]) {
  return {
    cost: points.at(-1)?.spent ?? 0,
    input: points.reduce((sum, { input }) => sum + input, 0),
    cached: points.reduce((sum, { cached }) => sum + cached, 0),
    output: points.reduce((sum, { output }) => sum + output, 0),
  };
}

/** A number out of a transcript, as one that can be added and drawn. */
function amount(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;
}
