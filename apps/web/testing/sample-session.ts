import type { NativeTranscriptRow, TranscriptEvent } from "@skein/sessions";

/** Rows of every kind, as an agent's history might have them. */
export function sampleRows(): NativeTranscriptRow[] {
  return [
    row("init", { v: 1, type: "session_init", agent: "claude", cwd: "/home/kim/shop", model: "claude-sample" }),
    row("p1", {
      v: 1,
      type: "user_message",
      text: "The checkout fails when the basket is empty.\nPlease find out why.",
    }),
    row("think", { v: 1, type: "thinking", text: "An empty basket has no total. I look at the reducer first." }),
    row("a1", { v: 1, type: "assistant_message", text: SAMPLE_MARKDOWN }),
    call("c1", "terminal", "Bash", { command: "npm test -- --run basket" }),
    result("c1", "\u001b[32m✓\u001b[0m adds\n\u001b[31m✗ empty basket\u001b[0m\n\u001b[1m1 failed\u001b[0m", {
      isError: true,
      exitCode: 1,
    }),
    call("c2", "file_read", "Read", { file_path: "/home/kim/shop/src/basket.ts" }),
    result("c2", "export const total = (items: Item[]) =>\n  items.reduce((sum, item) => sum + item.price);\n"),
    call("c3", "file_edit", "Edit", {
      file_path: "/home/kim/shop/src/basket.ts",
      old_string: "  items.reduce((sum, item) => sum + item.price);",
      new_string: "  items.reduce((sum, item) => sum + item.price, 0);",
    }),
    result("c3", "The file has been updated."),
    call("c4", "sub_agent", "Task", {
      description: "Look for the same mistake elsewhere",
      prompt: "Search for reduce.",
    }),
    { ...call("c5", "content_search", "Grep", { pattern: "reduce\\(" }), parentCallId: "c4" },
    { ...result("c5", "src/basket.ts:2\nsrc/tax.ts:9\n"), parentCallId: "c4" },
    result("c4", "Only `src/tax.ts` has it too."),
    call("c6", "mcp__tracker__create_issue", "mcp__tracker__create_issue", { title: "Empty basket", labels: ["bug"] }),
    result("c6", "Created #17"),
    row("plan", {
      v: 1,
      type: "plan",
      items: [
        { text: "Find the cause", status: "completed" },
        { text: "Fix the reducer", status: "in_progress" },
        { text: "Add a test", status: "pending" },
      ],
    }),
    row("perm", {
      v: 1,
      type: "permission_request",
      requestId: "old",
      tool: "terminal",
      input: { command: "git push" },
    }),
    row("perm-r", {
      v: 1,
      type: "permission_response",
      requestId: "old",
      decision: "deny",
      user: "user:lee",
      message: "Not yet",
    }),
    row("q", {
      v: 1,
      type: "question",
      requestId: "q1",
      questions: [{ question: "Which branch?", options: [{ label: "main" }, { label: "next" }] }],
    }),
    row("q-a", { v: 1, type: "answer", requestId: "q1", answers: { "Which branch?": "main" }, user: "user:lee" }),
    row("turn", {
      v: 1,
      type: "turn_complete",
      success: true,
      durationMs: 83_000,
      usage: { inputTokens: 18_200, outputTokens: 940, costUsd: 0.21, contextTokens: 42_000, contextWindow: 200_000 },
    }),
    row("compact", { v: 1, type: "compaction", tokensBefore: 180_000, tokensAfter: 22_000, summary: "We fixed it." }),
    row("title", { v: 1, type: "title", title: "Empty basket" }),
    row("p2", { v: 1, type: "user_message", text: "Thank you." }),
    row("err", { v: 1, type: "error", code: "agent_failed", message: "The model is overloaded." }),
    row("unk", { v: 1, type: "unknown", agent: "claude", raw: { kind: "from the future", value: 1 } }),
    row("abort", { v: 1, type: "turn_aborted", reason: "interrupted", user: "user:lee" }),
  ];
}

const SAMPLE_MARKDOWN = `### What happens

\`reduce\` without a start value **throws** on an empty list:

1. the basket is empty
2. \`total()\` is called, see [the documentation](https://example.com/reduce)

| file | line |
| --- | ---: |
| basket.ts | 2 |

- [x] found
- [ ] fixed

\`\`\`ts
const total = (items: Item[]) => items.reduce((sum, item) => sum + item.price, 0);
\`\`\`

> It has been so since the first version.`;

let at = 1_760_000_000_000;

export function row(key: string, payload: TranscriptEvent): NativeTranscriptRow {
  at += 1_000;
  return { key, ts: at, type: payload.type, payload };
}

export function call(callId: string, tool: string, originalTool: string, input: Record<string, unknown>) {
  return row(`${callId}:call`, { v: 1, type: "tool_call", callId, tool, originalTool, originalAgent: "claude", input });
}

export function result(callId: string, output: string, more: { isError?: boolean; exitCode?: number } = {}) {
  const { isError = false, exitCode } = more;
  const payload = { v: 1, type: "tool_result", callId, output, isError } as const;
  return row(`${callId}:result`, exitCode === undefined ? payload : { ...payload, exitCode });
}

/** A long history: a prompt and nine answers, over and over, of different heights. */
export function longHistory(count: number): NativeTranscriptRow[] {
  return Array.from({ length: count }, (_, index) =>
    index % 10 === 0
      ? row(`row-${index}`, { v: 1, type: "user_message", text: `Prompt number ${index}.` })
      : row(`row-${index}`, {
          v: 1,
          type: "assistant_message",
          text: `Row number ${index}. ${"More words follow. ".repeat((index * 7) % 40)}`,
        }),
  );
}
