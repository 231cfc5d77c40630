/** Where arrow-up and arrow-down lead: the prompts of this session, newest first, and behind them what was being typed. */
export interface PromptHistory {
  readonly prompts: readonly string[];
  /** -1: what is being typed. */
  readonly at: number;
  readonly typed: string;
}

export function startHistory(prompts: readonly string[], typed: string): PromptHistory {
  const newestFirst = [...prompts].reverse();
  return { prompts: newestFirst.filter((prompt, index) => prompt !== newestFirst[index - 1]), at: -1, typed };
}

/** `undefined` when there is nothing further in that direction. */
export function moveHistory(history: PromptHistory, by: 1 | -1): { history: PromptHistory; text: string } | undefined {
  const at = history.at + by;
  if (at < -1 || at >= history.prompts.length) return undefined;
  const text = at === -1 ? history.typed : (history.prompts[at] ?? "");
  return { history: { ...history, at }, text };
}
