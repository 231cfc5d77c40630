import type { CodingSessionDelta } from "@skein/sessions";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { applyDeltas, emptyLive, settle } from "./live-deltas.ts";
import { withLive } from "./live-items.ts";
import { logRows, says, transcriptRow } from "./testing/rows.ts";
import { transcriptItems } from "./transcript-items.ts";

const delta = (key: string, at: number, text: string, more: Partial<CodingSessionDelta> = {}): CodingSessionDelta => ({
  key,
  runId: "run",
  kind: "text",
  at,
  text,
  ...more,
});
const textOf = (live: typeof emptyLive, key: string): string | undefined => live.items.get(key)?.text;

test("[WB20] deltas say where they belong, so reading them again from the start changes nothing", () => {
  const text = "The quick brown fox jumps.";
  const pieces = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(pieces, fc.nat(20), (sizes, again) => {
      const deltas: CodingSessionDelta[] = [];
      let at = 0;
      for (const size of sizes) {
        deltas.push(delta("a", at, text.slice(at, at + size)));
        at = Math.min(text.length, at + size);
      }
      const once = applyDeltas(emptyLive, deltas);
      const twice = applyDeltas(applyDeltas(once, deltas.slice(0, again)), deltas);
      expect(textOf(once, "a")).toBe(text.slice(0, at));
      expect(textOf(twice, "a")).toBe(text.slice(0, at));
    }),
    { seed: 3, numRuns: 80 },
  );
});

test("[WB20] a viewer who missed the beginning sees the rest, marked as cut", () => {
  const live = applyDeltas(emptyLive, [delta("a", 100, "later"), delta("a", 105, " words")]);
  expect(live.items.get("a")).toMatchObject({ text: "later words", base: 100 });
  expect(withLive([], live)).toMatchObject([{ kind: "assistant", text: "later words", streaming: true, cut: true }]);
});

test("[WB20] the completed row takes its deltas away, those of blocks before it, and late ones too", () => {
  let live = applyDeltas(emptyLive, [delta("one", 0, "old"), delta("two", 0, "half"), delta("three", 0, "next")]);
  live = settle(live, logRows(says("row", "whole", { liveKey: "two" })));
  expect([...live.items.keys()]).toEqual(["three"]);
  expect([...applyDeltas(live, [delta("two", 4, " more")]).items.keys()]).toEqual(["three"]);
});

test("[WB20] the end of a run and the result of a call take what was live of them away", () => {
  const output = delta("out", 0, "printing", { kind: "tool_output", callId: "c1" });
  const live = applyDeltas(emptyLive, [output, delta("text", 0, "words")]);
  const result = transcriptRow("r", { v: 1, type: "tool_result", callId: "c1", output: "done", isError: false });
  expect([...settle(live, logRows(result)).items.keys()]).toEqual(["text"]);
  const end = transcriptRow("e", { v: 1, type: "turn_aborted", reason: "stopped" }, { runId: "run" });
  const ended = settle(live, logRows(end));
  expect(ended.items.size).toBe(0);
  expect(applyDeltas(ended, [delta("late", 0, "too late")]).items.size).toBe(0);
});

test("[WB20] text, input and output that grow stand where their rows will stand, under the same keys", () => {
  const call = transcriptRow(
    "call",
    {
      v: 1,
      type: "tool_call",
      callId: "c1",
      tool: "terminal",
      originalTool: "Bash",
      originalAgent: "claude",
      input: {},
    },
    { runId: "run" },
  );
  const items = transcriptItems(logRows(call), true);
  const live = applyDeltas(emptyLive, [
    delta("out", 0, "line 1", { kind: "tool_output", callId: "c1" }),
    delta("in", 0, '{"comm', { kind: "tool_input", callId: "c2" }),
    delta("msg", 0, "Hel"),
    delta("sub", 0, "inside", { parentCallId: "c1" }),
  ]);
  const shown = withLive(items, live);
  expect(shown).toMatchObject([
    { key: "call:run:c1", liveOutput: "line 1", children: [{ kind: "assistant", text: "inside" }] },
    { key: "call:run:c2", state: "preparing", liveInput: '{"comm' },
    { key: "msg", kind: "assistant", text: "Hel", streaming: true },
  ]);
  const done = transcriptItems(logRows(call, says("row", "Hello", { liveKey: "msg" })), true);
  expect(done[1]).toMatchObject({ key: "msg", row: "row", streaming: false });
});
