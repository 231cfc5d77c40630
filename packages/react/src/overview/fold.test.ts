import type { TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import { logRows, transcriptRow } from "../testing/rows.ts";
import type { LogRow } from "../log-window.ts";
import { createOverviewFold, OVERVIEW_LIMITS } from "./fold.ts";

const prompt = (text: string): TranscriptEvent => ({ v: 1, type: "user_message", text });
const end = (success = true): TranscriptEvent => ({
  v: 1,
  type: "turn_complete",
  success,
  durationMs: 5,
  usage: { outputTokens: 7, costUsd: 0.5 },
});
const call = (callId: string, command: string): TranscriptEvent => ({
  v: 1,
  type: "tool_call",
  callId,
  tool: "terminal",
  originalTool: "Bash",
  originalAgent: "claude",
  input: { command },
});
const result = (callId: string, exitCode: number): TranscriptEvent => ({
  v: 1,
  type: "tool_result",
  callId,
  output: "",
  isError: false,
  exitCode,
});
const edit = (path: string, diff = "@@ -1 +1,2 @@\n-a\n+b\n+c\n"): TranscriptEvent => ({
  v: 1,
  type: "file_change",
  changes: [{ path, kind: "edit", diff }],
});

function rows(...events: readonly TranscriptEvent[]): LogRow[] {
  return logRows(...events.map((payload, index) => transcriptRow(`r${index}`, payload, { ts: 1_000 * (index + 1) })));
}

const SESSION = rows(
  prompt("one"),
  call("a", "npm test"),
  result("a", 1),
  edit("x.ts"),
  edit("y.ts"),
  end(),
  prompt("two"),
  call("a", "git push"),
  edit("x.ts"),
  { v: 1, type: "turn_aborted", reason: "interrupted" },
  prompt("three"),
);

test("[WB40] rows become turns, commands and changed files, each with the position of the row it came from", () => {
  const fold = createOverviewFold();
  fold.add(SESSION);
  const { turns, commands, files } = fold.overview();
  expect(
    turns.map(({ number, prompt: text, outcome, position, from, to }) => ({
      number,
      text,
      outcome,
      position,
      from,
      to,
    })),
  ).toEqual([
    { number: 1, text: "one", outcome: "complete", position: 0, from: 1_000, to: 6_000 },
    { number: 2, text: "two", outcome: "aborted", position: 6, from: 7_000, to: 10_000 },
    { number: 3, text: "three", outcome: "open", position: 10, from: 11_000, to: 11_000 },
  ]);
  expect(turns[0]?.usage?.costUsd).toBe(0.5);
  expect(turns[0]?.tools).toMatchObject([
    { tool: "terminal", title: "npm test", from: 2_000, to: 3_000, failed: false },
  ]);
  expect(commands).toMatchObject([
    { command: "npm test", turn: 1, exitCode: 1, failed: true, position: 1, result: 2 },
    { command: "git push", turn: 2, exitCode: undefined, to: undefined, result: undefined },
  ]);
  // The one that was changed last stands at the end.
  expect(
    files.map(({ path, changes }) => [path, changes.map(({ turn, added, removed }) => [turn, added, removed])]),
  ).toEqual([
    ["y.ts", [[1, 2, 1]]],
    [
      "x.ts",
      [
        [1, 2, 1],
        [2, 2, 1],
      ],
    ],
  ]);
});

test("[WB40] the same rows make the same overview, in however many pieces they come", () => {
  const whole = createOverviewFold();
  whole.add(SESSION);
  const pieces = createOverviewFold();
  for (const entry of SESSION) {
    pieces.add([entry]);
    pieces.overview();
  }
  expect(pieces.overview()).toEqual(whole.overview());
  expect(pieces.overview()).toBe(pieces.overview());
});

test("[WB40] however long a session is, the overview is bounded, and what was left out is counted", () => {
  const limits = { ...OVERVIEW_LIMITS, turns: 2, toolsOfTurn: 3, tools: 4, commands: 5, files: 2, changesOfFile: 2 };
  const fold = createOverviewFold(limits);
  for (let turn = 0; turn < 4; turn++) {
    fold.add(
      rows(
        prompt(`prompt ${turn}`),
        ...["a", "b", "c", "d"].map((id) => call(id, `${id}${turn}`)),
        edit("x.ts"),
        edit(`only-${turn}.ts`),
        end(),
      ),
    );
  }
  const { turns, turnsLeftOut, commands, commandsLeftOut, files, filesLeftOut } = fold.overview();
  expect([turns.length, turnsLeftOut]).toEqual([2, 2]);
  expect(turns.map(({ number }) => number)).toEqual([3, 4]);
  expect(turns.map(({ tools, toolsLeftOut }) => tools.length + toolsLeftOut)).toEqual([4, 4]);
  expect(turns.reduce((sum, { tools }) => sum + tools.length, 0)).toBeLessThanOrEqual(4);
  expect([commands.length, commandsLeftOut]).toEqual([5, 11]);
  expect([files.length, filesLeftOut]).toEqual([2, 3]);
  expect(files.map(({ path, changesLeftOut }) => [path, changesLeftOut])).toEqual([
    ["x.ts", 2],
    ["only-3.ts", 0],
  ]);
});

test("[WB40] a prompt that steers a turn belongs to it, and one to a sub-agent is none", () => {
  const fold = createOverviewFold();
  const inRun = (key: string, payload: TranscriptEvent, more = {}) =>
    transcriptRow(key, payload, { runId: "run", ...more });
  fold.add(
    logRows(
      inRun("p", prompt("work")),
      inRun("s", prompt("a little to the left")),
      inRun("n", prompt("sub"), { parentCallId: "c" }),
      inRun("e", end(false)),
      transcriptRow("late", end()),
    ),
  );
  expect(fold.overview().turns).toMatchObject([{ prompt: "work", outcome: "failed" }]);
});
