import type { TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import { createStyle } from "./style.ts";
import { renderEvent } from "./transcript-row.ts";

const v = 1 as const;

const CASES: readonly (readonly [string, TranscriptEvent, readonly string[]])[] = [
  ["a prompt", { v, type: "user_message", text: "one\ntwo" }, ["", "❯ one", "  two"]],
  ["an answer", { v, type: "assistant_message", text: "yes" }, ["", "yes"]],
  ["thinking that is hidden", { v, type: "thinking", text: null }, []],
  [
    "a command",
    {
      v,
      type: "tool_call",
      callId: "c",
      tool: "terminal",
      originalTool: "Bash",
      originalAgent: "claude",
      input: { command: "npm test", timeout: 5 },
    },
    ["", "● terminal  npm test"],
  ],
  [
    "a tool of somebody else's",
    {
      v,
      type: "tool_call",
      callId: "c",
      tool: "mcp__x__y",
      originalTool: "mcp__x__y",
      originalAgent: "claude",
      input: { n: 1 },
    },
    ["", '● mcp__x__y  {"n":1}'],
  ],
  [
    "a result that failed",
    { v, type: "tool_result", callId: "c", output: "boom\n", isError: true, exitCode: 2 },
    ["  │ boom", "  │ exit code 2"],
  ],
  [
    "a long result",
    {
      v,
      type: "tool_result",
      callId: "c",
      output: Array.from({ length: 20 }, (_, n) => String(n)).join("\n"),
      isError: false,
    },
    [...Array.from({ length: 12 }, (_, n) => `  │ ${n}`), "  │ … 8 more lines"],
  ],
  [
    "a request for permission",
    { v, type: "permission_request", requestId: "r1", tool: "terminal", input: { command: "rm -rf x" } },
    ["", "? may it run terminal  rm -rf x", "  answer with: skein approve|deny ID r1"],
  ],
  [
    "its answer",
    { v, type: "permission_response", requestId: "r1", decision: "deny", user: "user:ann", message: "no" },
    ["  deny by user:ann: no"],
  ],
  [
    "a plan",
    {
      v,
      type: "plan",
      items: [
        { text: "a", status: "completed" },
        { text: "b", status: "in_progress" },
        { text: "c", status: "pending" },
      ],
    },
    ["", "  ☑ a", "  ▸ b", "  ☐ c"],
  ],
  [
    "the end of a turn",
    { v, type: "turn_complete", durationMs: 4200, usage: { inputTokens: 1500, outputTokens: 20, costUsd: 0.0123 } },
    ["", "── turn complete · 4.2 s · 1.5k in, 20 out · $0.0123 ──", ""],
  ],
  ["an abort", { v, type: "turn_aborted", reason: "interrupted" }, ["", "── turn aborted: interrupted ──", ""]],
  ["an error", { v, type: "error", message: "too many", code: "rate_limit" }, ["error: too many (rate_limit)"]],
  ["what nobody knows", { v, type: "unknown", agent: "claude", raw: { a: 1 } }, ['claude: {"a":1}']],
];

test.each(CASES)("%s as lines", (_, event, lines) => {
  expect(renderEvent(event, createStyle(false))).toEqual(lines);
});
