import type { Usage } from "@skein/sessions";
import type { TurnOutcome } from "../driver.ts";
import type { ResultMessage } from "./messages.ts";

/** What the driver learned while the turn ran that its result does not say. */
export interface TurnFacts {
  /** Somebody asked for the end of the turn. */
  readonly interrupted: boolean;
  /** The agent's own word for the last API failure (`authentication_failed`, `rate_limit`, …). */
  readonly apiError?: string | undefined;
  /** Tokens in the context at the last call of the model. */
  readonly contextTokens?: number | undefined;
}

const ABORTED = new Set(["aborted_streaming", "aborted_tools"]);

/** A result into the outcome of its turn. Failures of the API come as `subtype: "success"` with `is_error`. */
export function outcomeOf(result: ResultMessage, facts: TurnFacts): TurnOutcome {
  const usage = usageOf(result, facts);
  const timing = result.duration_ms === undefined ? {} : { durationMs: result.duration_ms };
  if (facts.interrupted || ABORTED.has(result.terminal_reason ?? "")) return { kind: "aborted", reason: "interrupted" };
  if (!result.is_error && result.subtype === "success") return { kind: "completed", usage, ...timing };
  const message = failureText(result);
  return { kind: "failed", ...classifyFailure(message, result.api_error_status, facts.apiError), usage, ...timing };
}

function failureText(result: ResultMessage): string {
  const text = result.errors?.join("\n") ?? result.result ?? "";
  return text === "" ? `Claude Code ended the turn with an error (${result.subtype}).` : text;
}

/** A failure into a stable code and a sentence for a person. */
export function classifyFailure(
  message: string,
  status?: number | null,
  apiError?: string,
): { code: string; message: string } {
  if (status === 401 || apiError === "authentication_failed" || /not logged in|please run \/login/i.test(message)) {
    return {
      code: "agent_not_signed_in",
      message: `Claude Code is not signed in on this machine. Run \`claude\` there and sign in. (${clip(message)})`,
    };
  }
  if (/No conversation found with session ID/i.test(message)) {
    return { code: "session_not_found", message: `Claude Code does not know the session any more. (${clip(message)})` };
  }
  return { code: "agent_failed", message: clip(message) };
}

const MAX_MESSAGE = 4000;

export function clip(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`;
}

function usageOf(result: ResultMessage, facts: TurnFacts): Usage {
  const { usage } = result;
  // The totals of a result go on over turns and restarts; this is what was added since the last one.
  const models = Object.values(result.model_usage_since_last_result ?? {});
  const windows = Object.values(result.modelUsage ?? {}).flatMap((one) => one.contextWindow ?? []);
  const cost = models.length === 0 ? undefined : models.reduce((sum, one) => sum + (one.costUSD ?? 0), 0);
  return compact({
    inputTokens: usage?.input_tokens,
    outputTokens: usage?.output_tokens,
    cachedInputTokens: usage?.cache_read_input_tokens,
    cacheWriteTokens: usage?.cache_creation_input_tokens,
    costUsd: cost,
    contextTokens: facts.contextTokens,
    contextWindow: windows.length === 0 ? undefined : Math.max(...windows),
  });
}

function compact(usage: { [K in keyof Usage]: number | null | undefined }): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => typeof value === "number"));
}
