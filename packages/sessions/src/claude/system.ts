import { z } from "zod";
import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import { sha256 } from "../sha256.ts";
import { SYSTEM_SUBTYPES } from "./ignored.ts";
import type { NativeRecord } from "./records.ts";
import { type Outcome, type Output, skip } from "../output.ts";
import { type ClaudeState } from "./state.ts";
import { closeTurn, turnOf } from "./turns.ts";
import { readUserText } from "./user-text.ts";

const text = z.string().optional().catch(undefined);
const count = z.number().optional().catch(undefined);
/** camelCase in files, snake_case in the SDK's stream. */
const compaction = z
  .looseObject({ trigger: text, preTokens: count, pre_tokens: count, postTokens: count, post_tokens: count })
  .catch({});
const retry = z.looseObject({
  retryAttempt: count,
  attempt: count,
  maxRetries: count,
  max_retries: count,
  error_status: count,
  error: z.unknown().optional(),
  cause: z.looseObject({ code: text, message: text }).optional().catch(undefined),
});
const apiError = z.looseObject({
  message: text,
  formatted: text,
  status: count,
  cause: z.looseObject({ code: text, message: text }).optional().catch(undefined),
});

export function normaliseSystem(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  const { subtype, raw } = record;
  const ignored = SYSTEM_SUBTYPES.get(subtype ?? "");
  if (ignored !== undefined) return skip(ignored, subtype);
  switch (subtype ?? "") {
    case "init":
      return skip("session-start");
    case "compact_boundary":
      holdCompaction(state, output, id, raw["compactMetadata"] ?? raw["compact_metadata"]);
      return undefined;
    case "turn_duration": {
      const durationMs = typeof raw["durationMs"] === "number" ? raw["durationMs"] : undefined;
      closeTurn(state, output, durationMs === undefined ? {} : { durationMs });
      return skip("turn-end");
    }
    case "api_error":
    case "api_retry":
      showRetry(state, output, id, raw);
      return undefined;
    case "session_title_changed":
      return showTitle(state, output, raw["title"], 3);
    case "stop_hook_summary":
      return showHookErrors(output, id, raw);
    default:
      return showContent(output, id, { content: raw["content"], kind: subtype ?? "system", raw });
  }
}

/** The divider waits for the summary that follows it in a record of its own. */
function holdCompaction(state: ClaudeState, output: Output, id: string, metadata: unknown): void {
  flushCompaction(state, output);
  const meta = compaction.parse(metadata ?? {});
  // One that a person asked for comes between turns; the model's own comes in the middle of one.
  if (meta.trigger === "manual" && state.turn?.openCalls.size === 0 && state.turn.last !== "call")
    closeTurn(state, output, {});
  const tokensBefore = meta.preTokens ?? meta.pre_tokens;
  const tokensAfter = meta.postTokens ?? meta.post_tokens;
  state.compaction = {
    key: id,
    ts: output.ts,
    event: {
      v: 1,
      type: "compaction",
      ...(meta.trigger === undefined ? {} : { trigger: meta.trigger }),
      ...(tokensBefore === undefined ? {} : { tokensBefore }),
      ...(tokensAfter === undefined ? {} : { tokensAfter }),
    },
  };
}

/** Shows a divider whose summary did not come. */
export function flushCompaction(state: ClaudeState, output: Output): void {
  if (state.compaction === undefined) return;
  output.row(state.compaction.key, state.compaction.event, { ts: state.compaction.ts });
  state.compaction = undefined;
}

function showRetry(state: ClaudeState, output: Output, id: string, raw: Readonly<Record<string, unknown>>): void {
  const parsed = retry.safeParse(raw);
  const data = parsed.success ? parsed.data : {};
  const error = apiError.safeParse(data.error);
  const details = error.success ? error.data : undefined;
  const cause = data.cause ?? details?.cause;
  const status = details?.status ?? data.error_status;
  const code = (status === undefined ? cause?.code : String(status)) ?? "api_error";
  const named = typeof data.error === "string" ? data.error : undefined;
  const reason = details?.formatted ?? details?.message ?? named ?? cause?.message ?? cause?.code ?? "API error";
  const attempt = data.retryAttempt ?? data.attempt;
  const limit = data.maxRetries ?? data.max_retries;
  const again = attempt === undefined ? "." : `. Retry ${attempt}${limit === undefined ? "" : ` of ${limit}`}.`;
  // The file and the stream give these different ids, so they are counted within the turn.
  const turn = output.parentCallId === undefined ? turnOf(state, id) : undefined;
  const key = turn === undefined ? id : `${turn.anchor}:retry:${turn.retries++}`;
  output.row(key, {
    v: 1,
    type: "error",
    code,
    message: `${reason.slice(0, 2000).replace(/[.\s]{1,20}$/, "")}${again}`,
    retryable: true,
  });
}

function showHookErrors(output: Output, id: string, raw: Readonly<Record<string, unknown>>): Outcome {
  const errors = Array.isArray(raw["hookErrors"]) ? raw["hookErrors"].filter((entry) => typeof entry === "string") : [];
  if (errors.length === 0) return skip("hook");
  output.row(id, {
    v: 1,
    type: "notice",
    kind: "hook",
    text: boundText(errors.join("\n"), TEXT_LIMIT, output.sink).text,
  });
  return undefined;
}

/** What a program says in words is a notice; commands and their output look as they do in user records. */
export function showContent(
  output: Output,
  id: string,
  said: { content: unknown; kind: string; raw: unknown },
): Outcome {
  const { content } = said;
  if (typeof content !== "string" || content.trim() === "") {
    output.row(id, { v: 1, type: "unknown", agent: "claude", raw: boundValue(said.raw) });
    return undefined;
  }
  const read = readUserText(content);
  if (read.kind === "context") return skip("context");
  const text = "text" in read ? read.text : content;
  if (text.trim() === "" || text.trim() === "(no content)") return skip("empty-command-output");
  const kinds = { command: "command", output: "command_output" } as const;
  const kind = read.kind === "command" || read.kind === "output" ? kinds[read.kind] : said.kind.slice(0, 100);
  output.row(id, { v: 1, type: "notice", kind, text: boundText(text, TEXT_LIMIT, output.sink).text });
  return undefined;
}

/** A title of its rank or better, when it is news: files repeat their titles. */
export function showTitle(state: ClaudeState, output: Output, title: unknown, rank: number): Outcome {
  if (typeof title !== "string" || title.trim() === "") return skip("empty-title");
  const text = title.trim().slice(0, 500);
  if (state.title !== undefined && state.title.rank > rank) return skip("title-overridden");
  if (state.title?.text === text) return skip("title-repeated");
  state.title = { text, rank };
  const digest = sha256(new TextEncoder().encode(text)).slice(0, 12);
  output.row(`title:${state.titles++}:${digest}`, { v: 1, type: "title", title: text });
  return undefined;
}
