import { clip } from "../claude/outcome.ts";
import type { TurnError } from "./messages.ts";

const SIGN_IN = /missing environment variable|not (?:signed|logged) in|\b401\b/i;

/** A failure into a stable code and a sentence for a person. */
export function classifyCodexFailure(error: Pick<TurnError, "message"> & Partial<TurnError>): {
  code: string;
  message: string;
} {
  const { message, codexErrorInfo: info, additionalDetails } = error;
  const full = typeof additionalDetails === "string" ? `${message} (${additionalDetails})` : message;
  if (info === "unauthorized" || statusOf(info) === 401 || SIGN_IN.test(full)) {
    return {
      code: "agent_not_signed_in",
      message: `Codex is not signed in on this machine. Run \`codex login\` there. (${clip(full)})`,
    };
  }
  return { code: "agent_failed", message: clip(full) };
}

/** `{httpConnectionFailed: {httpStatusCode}}` and its like. */
function statusOf(info: unknown): number | undefined {
  if (typeof info !== "object" || info === null) return undefined;
  const [detail]: unknown[] = Object.values(info);
  if (typeof detail !== "object" || detail === null || !("httpStatusCode" in detail)) return undefined;
  return typeof detail.httpStatusCode === "number" ? detail.httpStatusCode : undefined;
}
