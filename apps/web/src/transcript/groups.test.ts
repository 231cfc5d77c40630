import { transcriptItems, type TranscriptItem } from "@skein/react";
import type { TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import { groupLines, groupSummary } from "./groups.ts";

const says = (text: string): TranscriptEvent => ({ v: 1, type: "assistant_message", text });
const thinks = (text: string): TranscriptEvent => ({ v: 1, type: "thinking", text });
function called(callId: string, tool: string, isError = false): TranscriptEvent[] {
  return [
    { v: 1, type: "tool_call", callId, tool, originalTool: tool, originalAgent: "claude", input: {} },
    { v: 1, type: "tool_result", callId, output: "", isError },
  ];
}

function items(events: readonly TranscriptEvent[], active = false): TranscriptItem[] {
  const rows = events.map((payload, position) => ({
    position,
    row: { key: `row-${position}`, ts: 1, type: payload.type, payload },
  }));
  return transcriptItems(rows, active);
}

const shape = (list: readonly TranscriptItem[], active = false, open = false): string[] =>
  groupLines(list, { active, isOpen: () => open }).map((line) =>
    line.kind === "group" ? `${line.items.length} in ${line.key}` : `${line.grouped ? "· " : ""}${line.item.kind}`,
  );

const reads = ["a", "b", "c", "d"].flatMap((id) => called(id, "file_read"));

test("[WB38] calls that changed nothing and follow each other are one line; edits and few calls stay as they are", () => {
  const list = items([says("hello"), ...reads, ...called("e", "file_edit"), ...called("f", "terminal"), says("done")]);
  expect(shape(list)).toEqual(["assistant", "4 in group:call::d", "tool", "tool", "assistant"]);
  expect(shape(list, false, true)).toEqual([
    "assistant",
    "4 in group:call::d",
    "· tool",
    "· tool",
    "· tool",
    "· tool",
    "tool",
    "tool",
    "assistant",
  ]);
});

test("[WB38] thoughts between calls belong to the group, those in front of it do not", () => {
  const [a = [], b = [], c = []] = ["a", "b", "c"].map((id) => called(id, "terminal"));
  expect(shape(items([thinks("first"), ...a, thinks("between"), ...b, ...c, says("x")]))).toEqual([
    "thinking",
    "4 in group:call::c",
    "assistant",
  ]);
});

test("[WB38] while the turn runs, the call that ended last stays in view, and the group keeps its name as it grows", () => {
  expect(shape(items(reads, true), true)).toEqual(["3 in group:call::a", "tool"]);
  expect(shape(items([...reads, ...called("e", "terminal")], true), true)).toEqual(["4 in group:call::a", "tool"]);
  // A page that comes in front lengthens a finished group without another name.
  const whole = items([...reads, says("x")]);
  expect(shape(whole.slice(1))).toEqual(["3 in group:call::d", "assistant"]);
  expect(shape(whole)).toEqual(["4 in group:call::d", "assistant"]);
});

test("[WB38] every item is there once, in order, however they are grouped", () => {
  const list = items([
    thinks("t"),
    ...reads,
    thinks("u"),
    ...called("e", "sub_agent"),
    thinks("v"),
    thinks("w"),
    ...reads,
  ]);
  const lines = groupLines(list, { active: false, isOpen: () => true });
  const keys = lines.flatMap((line) => (line.kind === "item" ? [line.key] : []));
  expect(keys).toEqual(list.map(({ key }) => key));
});

test("[WB25] a group says what was done and what failed", () => {
  const list = items([
    ...reads,
    ...called("e", "terminal", true),
    ...called("f", "mcp__x__y"),
    ...called("g", "content_search"),
    ...called("h", "content_search"),
  ]);
  expect(groupSummary(list)).toEqual({ text: "Read 4 files, ran 1 command, used 1 tool, searched twice", failed: 1 });
});
