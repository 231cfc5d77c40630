import { expect, test } from "vitest";
import { readClaudeMessage } from "./messages.ts";
import { classifyFailure, outcomeOf } from "./outcome.ts";

function result(fields: Record<string, unknown>, facts = {}) {
  const read = readClaudeMessage({ type: "result", subtype: "success", ...fields });
  if (read.kind !== "result") throw new Error("Not a result.");
  return outcomeOf(read.message, { interrupted: false, ...facts });
}

test("usage is that of the turn, though the agent counts on", () => {
  const outcome = result(
    {
      duration_ms: 12,
      total_cost_usd: 99,
      usage: { input_tokens: 5, output_tokens: 6, cache_read_input_tokens: 7, cache_creation_input_tokens: null },
      modelUsage: { m: { costUSD: 99, contextWindow: 200_000 } },
      model_usage_since_last_result: { m: { costUSD: 0.25 }, n: { costUSD: 0.5 } },
    },
    { contextTokens: 42 },
  );
  expect(outcome).toEqual({
    kind: "completed",
    durationMs: 12,
    usage: {
      inputTokens: 5,
      outputTokens: 6,
      cachedInputTokens: 7,
      costUsd: 0.75,
      contextTokens: 42,
      contextWindow: 200_000,
    },
  });
});

test("[CD10] a failure of the API comes as success with is_error", () => {
  expect(result({ is_error: true, result: "API Error: 500", api_error_status: 500 })).toMatchObject({
    kind: "failed",
    code: "agent_failed",
    message: "API Error: 500",
  });
  expect(result({ subtype: "error_max_turns" })).toMatchObject({ kind: "failed", code: "agent_failed" });
});

test("an interrupted turn is aborted, whatever its result is called", () => {
  expect(result({ subtype: "error_during_execution", terminal_reason: "aborted_tools" }).kind).toBe("aborted");
  expect(result({}, { interrupted: true }).kind).toBe("aborted");
});

test.each([
  ["Not logged in · Please run /login", undefined, undefined, "agent_not_signed_in"],
  ["whatever", 401, undefined, "agent_not_signed_in"],
  ["whatever", undefined, "authentication_failed", "agent_not_signed_in"],
  ["No conversation found with session ID: x", undefined, undefined, "session_not_found"],
  ["Claude Code process exited with code 1", undefined, undefined, "agent_failed"],
])("[CD29] “%s” (%s, %s) is %s", (message, status, apiError, code) => {
  expect(classifyFailure(message, status, apiError).code).toBe(code);
});

test("an error of megabytes is cut", () => {
  expect(classifyFailure("x".repeat(1_000_000)).message.length).toBeLessThan(5000);
});

test("messages of types we do not know are nothing to the driver", () => {
  expect(readClaudeMessage({ type: "from_the_future" }).kind).toBe("other");
  expect(readClaudeMessage("text").kind).toBe("other");
  expect(readClaudeMessage({ type: "result" }).kind).toBe("other");
});
