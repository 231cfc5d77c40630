import { expect, test } from "vitest";
import type { NativeTranscriptRow } from "../resource.ts";
import { createAcpNormaliser } from "./normalise.ts";
import { unifiedDiff } from "./diff.ts";

const at = { ts: 5 };

function lab() {
  const normaliser = createAcpNormaliser({ agent: "some-agent" });
  normaliser.begin("p1");
  const rows: NativeTranscriptRow[] = [];
  const deltas: string[] = [];
  const note = (told: ReturnType<typeof normaliser.push>): void => {
    rows.push(...told.rows);
    deltas.push(...told.deltas.map(({ kind, at: from, text }) => `${kind}@${String(from)}:${text}`));
  };
  return {
    normaliser,
    rows,
    deltas,
    say: (sessionUpdate: string, fields: object) => note(normaliser.push({ sessionUpdate, ...fields }, at)),
    end: () => note(normaliser.end(at)),
    types: () => rows.map(({ type }) => type),
    payloads: () => rows.map(({ payload }) => payload),
  };
}

const text = (words: string, more: object = {}) => ({ content: { type: "text", text: words }, ...more });

test("[TR40] pieces of a text are deltas, and one row when another message, a call or the end comes", () => {
  const { say, end, rows, deltas, types, payloads } = lab();
  say("agent_thought_chunk", text("hm"));
  say("agent_message_chunk", text("one ", { messageId: "a" }));
  say("agent_message_chunk", text("two", { messageId: "a" }));
  say("agent_message_chunk", text("three", { messageId: "b" }));
  end();
  expect(types()).toEqual(["thinking", "assistant_message", "assistant_message"]);
  expect(payloads()).toMatchObject([{ text: "hm" }, { text: "one two" }, { text: "three" }]);
  expect(deltas).toEqual(["thinking@0:hm", "text@0:one ", "text@4:two", "text@0:three"]);
  expect(rows.map(({ liveKey, key }) => liveKey === key)).toEqual([true, true, true]);
});

test("[TR41] a call has its row when its input is known, output as it comes, a result and what it changed", () => {
  const { say, rows, deltas, types, payloads } = lab();
  const id = { toolCallId: "c1" };
  say("tool_call", { ...id, title: "Terminal", kind: "execute", status: "pending", rawInput: {} });
  expect(rows).toEqual([]);
  say("tool_call_update", { ...id, status: "in_progress", rawInput: { command: "ls" } });
  say("tool_call_update", { ...id, _meta: { terminal_output_delta: { data: "a.t" } } });
  say("tool_call_update", { ...id, _meta: { terminal_output_delta: { data: "xt" } } });
  const diff = { type: "diff", path: "/w/a.txt", oldText: "1\n2\n", newText: "1\n3\n" };
  say("tool_call_update", {
    ...id,
    status: "completed",
    rawOutput: { stdout: "a.txt", exit_code: 0 },
    content: [diff],
  });
  // What comes behind the end changes nothing.
  say("tool_call_update", { ...id, status: "failed" });
  expect(types()).toEqual(["tool_call", "tool_result", "file_change"]);
  expect(payloads()).toMatchObject([
    { tool: "terminal", originalTool: "execute", originalAgent: "some-agent", input: { command: "ls" } },
    { output: "a.txt", isError: false, exitCode: 0 },
    { changes: [{ path: "/w/a.txt", kind: "edit", diff: "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n" }] },
  ]);
  expect(deltas).toEqual(["tool_output@0:a.t", "tool_output@3:xt"]);
  expect(new Set(rows.map(({ callId }) => callId)).size).toBe(1);
});

test("[TR41] calls of the same number in two turns are two calls", () => {
  const { normaliser, say, rows } = lab();
  const call = { toolCallId: "1", title: "x", kind: "read", status: "completed", rawOutput: "first" };
  say("tool_call", call);
  normaliser.begin("p2");
  say("tool_call", { ...call, rawOutput: "second" });
  expect(rows.map(({ callId }) => callId)).toEqual(["p1:1", "p1:1", "p2:1", "p2:1"]);
});

test("[TR41] what a sub-agent does stands under the call that started it", () => {
  const { say, rows } = lab();
  const _meta = { claudeCode: { parentToolUseId: "task" } };
  say("tool_call", { toolCallId: "task", name: "Task", kind: "think", title: "look", status: "in_progress" });
  say("tool_call", { toolCallId: "r", kind: "read", title: "a", status: "completed", rawOutput: "x", _meta });
  expect(rows.map(({ type, parentCallId }) => [type, parentCallId])).toEqual([
    ["tool_call", undefined],
    ["tool_call", "p1:task"],
    ["tool_result", "p1:task"],
  ]);
});

test("[TR42] plans, titles, modes, notices and compactions are rows; the rest is accounted for", () => {
  const { say, types, payloads, normaliser } = lab();
  say("plan", {
    entries: [
      { content: "look", status: "completed" },
      { content: "act", status: "??" },
    ],
  });
  say("session_info_update", { title: "A title" });
  say("session_info_update", { title: "A title" });
  say("current_mode_update", { currentModeId: "plan" });
  say("notice", { severity: "warning", title: "Careful", description: "now" });
  say("compaction_update", { compactionId: "x", status: "completed", summary: [{ type: "text", text: "short" }] });
  say("usage_update", { used: 10, size: 100, cost: { amount: 0.5, currency: "USD" } });
  expect(types()).toEqual(["plan", "title", "notice", "notice", "compaction"]);
  expect(payloads()[0]).toMatchObject({ items: [{ status: "completed" }, { status: "pending" }] });
  expect(normaliser.told).toEqual({ contextTokens: 10, contextWindow: 100, costUsd: 0.5 });
  for (const sessionUpdate of [
    "available_commands_update",
    "config_option_update",
    "user_message_chunk",
    "usage_update",
  ])
    expect(
      normaliser.push({ sessionUpdate, content: { type: "text", text: "x" }, used: 1, size: 2 }, at),
    ).toMatchObject({
      rows: [],
      skipped: { reason: expect.any(String) },
    });
});

test("[TR42] what cannot be understood is kept as it is, a hundred times a turn, and never fails", () => {
  const { say, normaliser, rows, types } = lab();
  const odd = [null, 1, "x", [], {}, { sessionUpdate: 3 }, { sessionUpdate: "tool_call" }, { sessionUpdate: "plan" }];
  for (const update of odd) rows.push(...normaliser.push(update, at).rows);
  expect(types()).toEqual(odd.map(() => "unknown"));
  for (let count = 0; count < 300; count++) say("from_the_future", { count });
  expect(rows).toHaveLength(100);
  const long = "x".repeat(3 * 1024 * 1024);
  for (let count = 0; count < 3; count++) say("agent_message_chunk", text(long));
  const { rows: last, blobs } = normaliser.end(at);
  expect(JSON.stringify(last).length).toBeLessThan(64 * 1024);
  expect(blobs.map(({ size }) => size)).toEqual([4 * 1024 * 1024]);
});

test("[TR41] a diff of two texts says what to do to make one of the other", () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `line ${String(from + at)}\n`);
  const before = lines(0, 20).join("");
  const after = [...lines(0, 9), "new\n", ...lines(10, 20)].join("");
  expect(unifiedDiff(before, after)).toBe(
    "@@ -7,7 +7,7 @@\n line 6\n line 7\n line 8\n-line 9\n+new\n line 10\n line 11\n line 12\n",
  );
  expect(unifiedDiff("", "a\n")).toBe("@@ -0,0 +1,1 @@\n+a\n");
  expect(unifiedDiff("a\n", "")).toBe("@@ -1,1 +0,0 @@\n-a\n");
  expect(unifiedDiff("a", "a\n")).toBe("@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
  expect(unifiedDiff("a", "a")).toBe("");
});
