import type { CodingSessionDelta, CodingSessionTranscriptRow, TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import { createStyle } from "./style.ts";
import { createTranscriptPrinter, type TranscriptPrinter } from "./transcript-printer.ts";

const plain = createStyle(false);
let made = 0;

function row(payload: TranscriptEvent, more: Partial<CodingSessionTranscriptRow> = {}): CodingSessionTranscriptRow {
  made += 1;
  return { key: `k${made}`, ts: 0, type: payload.type, runId: "r", payload, ...more };
}
const said = (text: string, liveKey?: string): CodingSessionTranscriptRow =>
  row({ v: 1, type: "assistant_message", text }, liveKey === undefined ? {} : { liveKey });
function delta(key: string, at: number, text: string, more: Partial<CodingSessionDelta> = {}): CodingSessionDelta {
  return { key, runId: "r", kind: "text", at, text, ...more };
}

const prompt = (text: string, runId = "r"): CodingSessionTranscriptRow =>
  row({ v: 1, type: "user_message", text }, { runId });

/** A printer in the middle of a turn. */
function inTurn(): TranscriptPrinter {
  const printer = createTranscriptPrinter(plain);
  printer.row(prompt("go"));
  return printer;
}

test("[CL23] a streamed answer is printed as it comes and not again when its row arrives", () => {
  const printer = createTranscriptPrinter(plain);
  const out = [
    printer.row(prompt("hi")),
    printer.delta(delta("a", 0, "Hel")),
    printer.delta(delta("a", 3, "lo")),
    printer.row(said("Hello, world", "a")),
    printer.row(said("And more", "b")),
  ].join("");
  expect(out).toBe("\n❯ hi\n\nHello, world\n\nAnd more\n");
});

test("[CL23] deltas that come after their row, or with a gap, are left out", () => {
  const printer = inTurn();
  expect(printer.row(said("done", "a"))).toBe("\ndone\n");
  expect(printer.delta(delta("a", 0, "done"))).toBe("");
  expect(printer.delta(delta("b", 5, "late"))).toBe("");
  expect(printer.delta(delta("c", 0, "one"))).toBe("\none");
  expect(printer.delta(delta("c", 9, "gap"))).toBe("");
  expect(printer.row(said("one two", "c"))).toBe(" two\n");
});

test("[CL23] deltas of a turn that is over are left out, however late they come", () => {
  const printer = inTurn();
  printer.row(said("done", "a"));
  printer.row(row({ v: 1, type: "turn_complete" }));
  expect(printer.delta(delta("a", 0, "done"))).toBe("");
  printer.row(prompt("next", "r2"));
  expect(printer.delta(delta("a", 0, "done"))).toBe("");
  expect(printer.delta(delta("b", 0, "new", { runId: "r2" }))).toBe("\nnew");
});

test("[CL23] an answer that turned out otherwise is printed whole on a line of its own", () => {
  const printer = inTurn();
  expect(printer.delta(delta("a", 0, "first try"))).toBe("\nfirst try");
  expect(printer.row(said("second try", "a"))).toBe("\n\nsecond try\n");
});

test("[CL23] thinking, tool input and what sub-agents say are not streamed; their rows are shown, indented", () => {
  const printer = inTurn();
  expect(printer.delta(delta("t", 0, "hm", { kind: "thinking" }))).toBe("");
  expect(printer.delta(delta("s", 0, "sub", { parentCallId: "c1" }))).toBe("");
  expect(printer.row(row({ v: 1, type: "assistant_message", text: "sub" }, { parentCallId: "c1", liveKey: "s" }))).toBe(
    "  \n  sub\n",
  );
});

test("[CL23] an open line is ended before anything else is printed, and at the end", () => {
  const printer = inTurn();
  printer.delta(delta("a", 0, "part"));
  expect(printer.row(row({ v: 1, type: "notice", text: "note" }))).toBe("\nnote\n");
  printer.delta(delta("b", 0, "part"));
  expect(printer.end()).toBe("\n");
  expect(printer.end()).toBe("");
});

test("[CL21] neither rows nor deltas bring control sequences", () => {
  const printer = inTurn();
  const hostile = "x\u001b]0;title\u0007\u001b[2J";
  const out =
    printer.delta(delta("a", 0, hostile)) +
    printer.row(row({ v: 1, type: "user_message", text: hostile })) +
    printer.row(
      row({
        v: 1,
        type: "tool_call",
        callId: "c",
        tool: hostile,
        originalTool: "x",
        originalAgent: "claude",
        input: { command: hostile },
      }),
    ) +
    printer.row(row({ v: 1, type: "tool_result", callId: "c", output: hostile, isError: false })) +
    printer.row(row({ v: 1, type: "permission_request", requestId: hostile, tool: hostile, input: {} })) +
    printer.row(row({ v: 1, type: "unknown", agent: "claude", raw: { hostile } }));
  expect(out).not.toContain("\u001b");
  expect(out).not.toContain("\u0007");
});
