import { SkeinError } from "@skein/protocol";
import type { AcpNormaliser, AcpPromptEnd, Usage } from "@skein/sessions";
import type { TurnOutcome } from "../driver.ts";
import { isAuthRequired, wordsOf } from "./process.ts";
import { notSignedIn } from "./session.ts";

const MAX_MESSAGE = 4000;

const STOPS: Readonly<Record<string, string>> = {
  max_tokens: "The model's answer was longer than it may be.",
  max_turn_requests: "The agent called its model as often as it may in one turn.",
  refusal: "The agent refused to go on.",
};

/** The answer to a prompt as the end of its turn. */
export function outcomeOf(
  { stopReason, usage }: AcpPromptEnd,
  { name, told, costBefore }: { name: string; told: AcpNormaliser["told"]; costBefore: number | undefined },
): TurnOutcome {
  const { costUsd, ...context } = told;
  const counted: { [K in keyof Usage]: number | null | undefined } = {
    inputTokens: usage?.inputTokens,
    outputTokens: usage?.outputTokens,
    cachedInputTokens: usage?.cachedReadTokens,
    cacheWriteTokens: usage?.cachedWriteTokens,
    reasoningOutputTokens: usage?.thoughtTokens,
    // What is told is the session's: a turn's cost is what was added.
    costUsd: costUsd === undefined || costBefore === undefined ? undefined : costUsd - costBefore,
    ...context,
  };
  const known: Usage = Object.fromEntries(Object.entries(counted).filter(([, value]) => typeof value === "number"));
  if (stopReason === "end_turn") return { kind: "completed", usage: known };
  const message = STOPS[stopReason] ?? `${name} ended the turn: ${stopReason.slice(0, 200)}.`;
  return { kind: "failed", code: "agent_failed", message, usage: known };
}

export function failureOf(error: unknown, name: string): TurnOutcome {
  if (error instanceof SkeinError) return { kind: "failed", code: error.code, message: error.message };
  if (isAuthRequired(error)) {
    const { code, message } = notSignedIn(name, {}, error);
    return { kind: "failed", code, message };
  }
  return { kind: "failed", code: "agent_failed", message: wordsOf(error).slice(0, MAX_MESSAGE) };
}
