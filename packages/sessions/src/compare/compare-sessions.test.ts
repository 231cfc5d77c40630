import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { TranscriptEvent } from "../events.ts";
import type { CodingSessionTranscriptRow } from "../resource.ts";
import { compareSessions } from "./compare-sessions.ts";
import { summariseSide } from "./summary-text.ts";

const row = (key: string, payload: TranscriptEvent): CodingSessionTranscriptRow => ({
  key,
  ts: 1,
  type: payload.type,
  payload,
});
const call = (key: string, tool: string, input: Record<string, unknown> = {}) =>
  row(key, { v: 1, type: "tool_call", callId: key, tool, originalTool: tool, originalAgent: "claude", input });
const turn = (name: string, ...between: CodingSessionTranscriptRow[]): CodingSessionTranscriptRow[] => [
  row(name, { v: 1, type: "user_message", text: `do ${name}` }),
  ...between,
  row(`${name}-said`, { v: 1, type: "assistant_message", text: `did ${name}\nand more` }),
  row(`${name}:end`, {
    v: 1,
    type: "turn_complete",
    success: true,
    usage: { inputTokens: 10, costUsd: 0.25 },
    durationMs: 5,
  }),
];

test("[CK17] two forks: what they have in common, what each did since, its files, cost and outcome", () => {
  const common = turn("one");
  const a = [
    ...common,
    ...turn("two", call("c1", "terminal"), call("c2", "file_edit", { file_path: "/w/a/x.txt" })),
    row("three", { v: 1, type: "user_message", text: "stop" }),
    row("three:end", { v: 1, type: "turn_aborted", reason: "interrupted" }),
  ];
  const b = [
    ...common,
    row("handoff:1", { v: 1, type: "handoff", from: "claude", to: "codex", kept: {}, dropped: {} }),
    ...turn(
      "other",
      row("f", {
        v: 1,
        type: "file_change",
        changes: [
          { path: "/w/b/x.txt", kind: "delete" },
          { path: "/w/b/y.txt", kind: "add" },
        ],
      }),
    ),
  ];
  const compared = compareSessions(a, b, { roots: { a: "/w/a", b: "/w/b" } });
  expect(compared.common).toEqual({ rows: 3, turns: 1, lastKey: "one:end" });
  expect(compared.a).toMatchObject({ outcome: "aborted", usage: { inputTokens: 10, costUsd: 0.25 } });
  expect(compared.a.turns).toMatchObject([
    { key: "two", prompt: "do two", outcome: "completed", answer: "did two\nand more", durationMs: 5 },
    { key: "three", outcome: "aborted", tools: {} },
  ]);
  expect(compared.a.turns[0]?.tools).toEqual({ terminal: 1, file_edit: 1 });
  expect(compared.b.turns).toHaveLength(1);
  expect(compared.files).toEqual([
    { path: "x.txt", a: "edit", b: "delete" },
    { path: "y.txt", b: "add" },
  ]);
  expect(summariseSide("The fork", compared.b)).toBe(
    "The fork: 1 turn, $0.25.\n- Asked: do other\n  did other\nFiles: x.txt, y.txt",
  );
  expect(summariseSide("It", compareSessions(common, common).a)).toBe("It did nothing since.");
});

test("[CK17] whatever the histories: the common part is the longest common beginning, and turning them around is the same", () => {
  const kinds: TranscriptEvent[] = [
    { v: 1, type: "user_message", text: "x" },
    { v: 1, type: "assistant_message", text: "y" },
    { v: 1, type: "turn_complete", success: true },
    { v: 1, type: "turn_aborted", reason: "z" },
  ];
  const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  const rowsOf = (names: readonly string[]) =>
    names.map((name, index) => row(name, kinds[index % kinds.length] ?? kinds[0]!));
  fc.assert(
    fc.property(keys, keys, keys, (common, restA, restB) => {
      const [a, b] = [rowsOf([...common, ...restA]), rowsOf([...common, ...restB])];
      const there = compareSessions(a, b);
      const back = compareSessions(b, a);
      expect(there.common.rows).toBeGreaterThanOrEqual(common.length);
      expect(back.common.rows).toBe(there.common.rows);
      expect(back.a).toEqual(there.b);
      expect(back.b).toEqual(there.a);
    }),
    { numRuns: 200, seed: 20261122 },
  );
});
