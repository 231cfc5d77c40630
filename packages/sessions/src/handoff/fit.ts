import type { Conversation, Step } from "./steps.ts";

/**
 * As much of a conversation as a model can take: all of it; else from the last summary on, which stands for what was
 * before it; else the newest part, from a prompt on. A summary that nothing was left out for is not needed.
 */
export function fit({ steps, tally }: Conversation, maxCharacters: number): Conversation {
  const said = steps.filter(({ kind }) => kind !== "summary");
  const summaries = steps.length - said.length;
  if (sizeOf(said) <= maxCharacters) {
    if (summaries > 0) tally.drop("compaction", summaries);
    return { steps: said, tally };
  }
  const last = steps.findLastIndex(({ kind }) => kind === "summary");
  let kept = last < 0 ? said : steps.slice(last);
  let size = sizeOf(kept);
  let cut = 0;
  while (size > maxCharacters && cut < kept.length - 1) {
    size -= sizeOf(kept.slice(cut, cut + 1));
    cut++;
    while (cut < kept.length - 1 && kept[cut]?.kind !== "prompt") {
      size -= sizeOf(kept.slice(cut, cut + 1));
      cut++;
    }
  }
  kept = kept.slice(cut);
  tally.drop("earlier_steps", steps.length - kept.length);
  return { steps: kept, tally };
}

function sizeOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + sizeOfStep(step), 0);
}

function sizeOfStep(step: Step): number {
  if (step.kind !== "calls") return step.text.length;
  return step.calls.reduce((sum, call) => sum + JSON.stringify(call.input).length + call.result.output.length, 0);
}
