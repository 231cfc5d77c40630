import { expect, test } from "vitest";
import { stableItems } from "./stable-items.ts";
import { logRows, says, transcriptRow } from "./testing/rows.ts";
import { transcriptItems } from "./transcript-items.ts";

const call = (callId: string, tool = "terminal", more = {}) =>
  transcriptRow(
    `${callId}-call`,
    { v: 1, type: "tool_call", callId, tool, originalTool: tool, originalAgent: "claude", input: { command: "ls" } },
    { runId: "r", ...more },
  );
const result = (callId: string, isError = false, more = {}) =>
  transcriptRow(
    `${callId}-result`,
    { v: 1, type: "tool_result", callId, output: "out", isError },
    { runId: "r", ...more },
  );
const turn = transcriptRow("end", { v: 1, type: "turn_complete" }, { runId: "r" });

test("[WB27] a result joins its call; a call of a turn that is over without one was interrupted", () => {
  const items = transcriptItems(logRows(call("a"), call("b"), result("a"), turn, call("c")), true);
  expect(items).toMatchObject([
    { kind: "tool", callId: "a", state: "done", result: { output: "out" } },
    { callId: "b", state: "interrupted" },
    { kind: "turn" },
    { callId: "c", state: "running" },
  ]);
  expect(transcriptItems(logRows(call("a"), result("a", true)), false)[0]).toMatchObject({ state: "failed" });
});

test("[WB27] an item keeps its key when the older page with its call comes in", () => {
  const [orphan] = transcriptItems(logRows(result("a")), false);
  const [whole] = transcriptItems(logRows(call("a"), result("a")), false);
  expect(orphan?.key).toBe(whole?.key);
});

test("[WB27] an id that an agent uses again in another run, or in the same, is another call", () => {
  const other = { ...call("a"), key: "other", runId: "r2" };
  const again = { ...call("a"), key: "again" };
  const items = transcriptItems(logRows(call("a"), result("a"), other, again), true);
  expect(new Set(items.map(({ key }) => key)).size).toBe(3);
  expect(items).toMatchObject([{ state: "done" }, { state: "running" }, { state: "running" }]);
});

test("[WB27] what a sub-agent did stands under its call, to any depth", () => {
  const rows = logRows(
    call("task", "sub_agent"),
    call("inner", "sub_agent", { parentCallId: "task" }),
    says("deep", "deep", { parentCallId: "inner", runId: "r" }),
    says("top", "top"),
    says("orphan", "orphan", { parentCallId: "not-in-view", runId: "r" }),
  );
  expect(transcriptItems(rows, true)).toMatchObject([
    { callId: "task", children: [{ callId: "inner", children: [{ text: "deep" }] }] },
    { text: "top" },
    { text: "orphan" },
  ]);
});

test("[WB27] a response joins its request, and a request can be answered only while its turn goes on", () => {
  const request = (id: string) =>
    transcriptRow(`q-${id}`, { v: 1, type: "permission_request", requestId: id, tool: "terminal", input: {} });
  const response = transcriptRow("a-1", {
    v: 1,
    type: "permission_response",
    requestId: "1",
    decision: "deny",
    user: "user:kim",
  });
  const items = transcriptItems(logRows(request("1"), response, request("2"), turn, request("3")), true);
  expect(items).toMatchObject([
    { response: { decision: "deny", user: "user:kim" } },
    { response: undefined, open: false },
    { kind: "turn" },
    { response: undefined, open: true },
  ]);
});

test("[WB27] a question or plan is shown once, not also as the call that made it, unless that failed", () => {
  const question = transcriptRow(
    "q",
    { v: 1, type: "question", requestId: "1", callId: "a", questions: [] },
    { runId: "r" },
  );
  expect(transcriptItems(logRows(call("a"), question, result("a")), true)).toMatchObject([{ kind: "question" }]);
  expect(transcriptItems(logRows(call("a"), question, result("a", true)), true)).toMatchObject([
    { kind: "tool" },
    { kind: "question" },
  ]);
});

test("[WB27] items in which nothing changed are the same objects, so that only new ones are rendered", () => {
  const rows = logRows(call("task", "sub_agent"), call("x", "terminal", { parentCallId: "task" }), says("a"));
  const before = transcriptItems(rows, true);
  expect(stableItems(before, transcriptItems(rows, true))).toBe(before);
  const more = stableItems(before, transcriptItems([...rows, { position: 9, row: result("x") }], true));
  expect(more).not.toBe(before);
  expect(more[1]).toBe(before[1]);
  expect(more[0]).not.toBe(before[0]);
});
