import * as fc from "fast-check";
import { expect, test } from "vitest";
import { denormaliseClaude } from "../claude/denormalise.ts";
import { denormaliseCodex } from "../codex/denormalise.ts";
import { TOOL_NAMES, type TranscriptEvent } from "../events.ts";
import { loadClaudeSession } from "../node/claude/load.ts";
import { loadCodexSession } from "../node/codex/read.ts";
import type { NativeTranscriptRow } from "../resource.ts";
import { readBack, saidIn, type Said } from "../testing/conversation.ts";
import { collect, fixtures, hasShared, NO_SHARED } from "../testing/fixtures.ts";
import type { Denormalised, DenormaliseOptions } from "./denormalised.ts";
import { BEGINNING } from "./tool-text.ts";

const RUNS = { numRuns: 150, seed: 20261122 };
const ID = "3d1f6a52-0c8e-8f0a-9d53-6b2a1c7e9f10";
const OPTIONS: DenormaliseOptions = { sessionId: ID, cwd: "/w", maxCharacters: Number.POSITIVE_INFINITY };
const AGENTS = ["claude", "codex"] as const;
type Agent = (typeof AGENTS)[number];
const WRITERS = { claude: denormaliseClaude, codex: denormaliseCodex };
const LOADERS = { claude: loadClaudeSession, codex: loadCodexSession };

const row = (
  payload: TranscriptEvent,
  index: number,
  extra: Partial<NativeTranscriptRow> = {},
): NativeTranscriptRow => ({
  key: `r${index}`,
  ts: 1_760_000_000_000 + index * 1000,
  type: payload.type,
  payload,
  ...extra,
});
const rowsOf = (...events: readonly TranscriptEvent[]) => events.map((event, index) => row(event, index));
const prompt = (text: string): TranscriptEvent => ({ v: 1, type: "user_message", text });
const answer = (text: string): TranscriptEvent => ({ v: 1, type: "assistant_message", text });
const call = (callId: string, originalTool = "Bash", originalAgent = "claude"): TranscriptEvent => ({
  v: 1,
  type: "tool_call",
  callId,
  tool: originalTool === "Bash" || originalTool === "exec_command" ? "terminal" : originalTool,
  originalTool,
  originalAgent,
  input: { command: `run ${callId}` },
});
const result = (callId: string, output = `ran ${callId}`, isError = false): TranscriptEvent => ({
  v: 1,
  type: "tool_result",
  callId,
  output,
  isError,
});

/** Everything that was said is there, in its order; a call is a call with its result, or told in words. */
function expectKept(before: readonly Said[], after: readonly Said[]): void {
  const [first] = after;
  const rest =
    first?.kind === "prompt" && first.text === BEGINNING && before[0]?.kind !== "prompt" ? after.slice(1) : after;
  expect(rest.length).toBe(before.length);
  for (const [index, said] of before.entries()) {
    const again = rest[index];
    if (said.kind !== "call") {
      expect(again).toMatchObject({ kind: said.kind, text: said.text });
    } else if (again?.kind === "call") {
      expect(again.output?.endsWith(said.output ?? "is not in this history.]")).toBe(true);
      expect(again.isError).toBe(said.isError ?? true);
    } else {
      expect(again).toMatchObject({ kind: "answer" });
      expect(again?.text).toContain(said.name);
      expect(again?.text).toContain((said.output ?? "").slice(0, 4000));
    }
  }
}

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly tool_use_id?: string;
}

/** What the model's API asks of a conversation, once rows of one side are put together. */
function expectValid(agent: Agent, { records }: Denormalised): void {
  expect(JSON.parse(JSON.stringify(records))).toEqual(records);
  if (agent === "claude") expectValidClaude(records);
  else expectValidCodex(records);
}

function expectValidClaude(records: readonly object[]): void {
  const turns: { role: string; blocks: Block[] }[] = [];
  let parent: unknown = null;
  for (const record of records) {
    if (!("message" in record)) continue;
    const { message, uuid, parentUuid } = record as unknown as {
      message: { role: string; content: string | Block[] };
      uuid: string;
      parentUuid: string | null;
    };
    expect(parentUuid).toBe(parent);
    expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    parent = uuid;
    const blocks = typeof message.content === "string" ? [{ type: "text" }] : message.content;
    const last = turns.at(-1);
    if (last?.role === message.role) last.blocks.push(...blocks);
    else turns.push({ role: message.role, blocks: [...blocks] });
  }
  expect(turns[0]?.role ?? "user").toBe("user");
  const ids = turns.flatMap(({ blocks }) => blocks.flatMap(({ id }) => id ?? []));
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  for (const [index, { role, blocks }] of turns.entries()) {
    const calls = role === "assistant" ? blocks.flatMap(({ id }) => id ?? []) : [];
    const next = turns[index + 1]?.blocks ?? [];
    if (calls.length > 0) expect(next.slice(0, calls.length).map((block) => block.tool_use_id)).toEqual(calls);
  }
  const results = turns.flatMap(({ blocks }) => blocks.flatMap(({ tool_use_id: id }) => id ?? []));
  expect([...results].sort()).toEqual([...ids].sort());
}

function expectValidCodex(records: readonly object[]): void {
  expect(records[0]).toMatchObject({ type: "session_meta", payload: { id: ID, originator: "skein" } });
  const open = new Set<string>();
  const seen = new Set<string>();
  for (const record of records as readonly { type: string; payload: { type: string; call_id?: string } }[]) {
    if (record.type !== "response_item") continue;
    const { type, call_id: id = "" } = record.payload;
    if (type.endsWith("_output")) expect(open.delete(id)).toBe(true);
    else if (type.endsWith("_call")) {
      expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      open.add(id);
    } else expect(open.size).toBe(0);
  }
  expect(open.size).toBe(0);
}

function check(agent: Agent, rows: readonly NativeTranscriptRow[]): Denormalised {
  const made = WRITERS[agent](rows, OPTIONS);
  expectValid(agent, made);
  expect(WRITERS[agent](rows, OPTIONS)).toEqual(made);
  expectKept(saidIn(rows), saidIn(readBack(agent, made.records)));
  return made;
}

for (const from of AGENTS) {
  const { sessions, shared } = fixtures(from);
  test.skipIf(!hasShared)(
    `[TR32] the collection of real ${from} sessions is tested${hasShared ? "" : `: ${NO_SHARED}`}`,
    () => {
      expect(shared.length).toBeGreaterThan(2);
    },
  );
  for (const { name, path } of sessions) {
    for (const to of AGENTS) {
      test(`[TR32][TR34] ${name} written for ${to} has every prompt, answer, call and result in its order`, async () => {
        const rows = await collect(LOADERS[from]({ path }));
        const { kept } = check(to, rows);
        const again = readBack(to, WRITERS[to](rows, OPTIONS).records);
        expect(kept["user_message"] ?? 0).toBe(saidIn(rows).filter(({ kind }) => kind === "prompt").length);
        // And back to where it came from.
        check(from, again);
      });
    }
  }
}

const words = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .filter((text) => !/^\s*[[<#!]|<\/|[\r\n\u2028\u2029]/.test(text) && text.trim() === text);
const callIds = fc.constantFrom("a", "b", "call:1", "ü", "toolu_01", "x".repeat(80));
const events = fc.oneof(
  { weight: 3, arbitrary: words.map(prompt) },
  { weight: 3, arbitrary: words.map(answer) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        callIds,
        fc.constantFrom("Bash", "exec_command", "Read", "mcp__x__y", "a.b", "apply_patch"),
        fc.constantFrom("claude", "codex", "other"),
      )
      .map(([id, tool, agent]) => call(id, tool, agent)),
  },
  { weight: 4, arbitrary: fc.tuple(callIds, words, fc.boolean()).map(([id, text, bad]) => result(id, text, bad)) },
  { weight: 1, arbitrary: fc.constant<TranscriptEvent>({ v: 1, type: "thinking", text: "hm" }) },
  { weight: 1, arbitrary: fc.constant<TranscriptEvent>({ v: 1, type: "compaction", summary: "so far" }) },
  { weight: 1, arbitrary: fc.constant<TranscriptEvent>({ v: 1, type: "unknown", agent: "x", raw: {} }) },
);

for (const agent of AGENTS) {
  test(`[TR32][TR33][TR34] whatever was said and done, ${agent} can go on from it`, () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 30 }), (list) => void check(agent, rowsOf(...list))),
      RUNS,
    );
  });

  test(`[TR34] no transcript whatever makes the writer for ${agent} fail`, () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const payload = fc.oneof(
      events,
      fc.record({
        v: fc.constant(1 as const),
        type: fc.constant("tool_call" as const),
        callId: fc.string(),
        tool: fc.oneof(fc.constantFrom(...TOOL_NAMES), fc.string()),
        originalTool: fc.string(),
        originalAgent: fc.constantFrom("claude", "codex"),
        input: fc.dictionary(fc.string(), value),
      }),
      fc.record({
        v: fc.constant(1 as const),
        type: fc.constant("tool_result" as const),
        callId: fc.string(),
        output: fc.string({ unit: "binary" }),
        isError: fc.boolean(),
        exitCode: fc.integer(),
        attachments: fc.array(
          fc.record({
            kind: fc.constant("image" as const),
            mime: fc.constantFrom("image/png", "x"),
            data: fc.string(),
          }),
        ),
      }),
      fc.record({
        v: fc.constant(1 as const),
        type: fc.constant("user_message" as const),
        text: fc.string({ unit: "binary" }),
      }),
    );
    const any = fc
      .array(fc.record({ payload, ts: fc.double(), nested: fc.boolean() }), { maxLength: 15 })
      .map((list) =>
        list.map((one, index) => row(one.payload, index, { ts: one.ts, ...(one.nested ? { parentCallId: "p" } : {}) })),
      );
    fc.assert(
      fc.property(any, fc.nat(2000), (rows, maxCharacters) => {
        expectValid(agent, WRITERS[agent](rows, { ...OPTIONS, maxCharacters }));
      }),
      RUNS,
    );
  });
}

test("[TR33] calls without a result get one that says so; results without a call, thoughts and sub-agents are left out", () => {
  const rows = [
    ...rowsOf(
      result("before"),
      prompt("go"),
      { v: 1, type: "thinking", text: "secret" },
      call("a"),
      call("b"),
      result("b"),
      answer("done"),
    ),
    row(answer("of a sub-agent"), 20, { parentCallId: "a" }),
  ];
  for (const agent of AGENTS) {
    const { records, kept, dropped } = WRITERS[agent](rows, OPTIONS);
    expect(JSON.stringify(records)).not.toMatch(/secret|sub-agent|ran before/);
    expect(saidIn(readBack(agent, records))).toMatchObject([
      { kind: "prompt", text: "go" },
      { kind: "call", isError: true, output: expect.stringContaining("interrupted") },
      { kind: "call", isError: false, output: "ran b" },
      { kind: "answer", text: "done" },
    ]);
    expect(kept).toEqual({
      assistant_message: 1,
      call_without_result: 1,
      tool_call: 2,
      tool_result: 1,
      user_message: 1,
    });
    expect(dropped).toEqual({ result_without_call: 1, sub_agent: 1, thinking: 1 });
  }
});

test("[TR35] a tool that the other agent has stays a call, in its own terms; others are told in words", () => {
  const rows = rowsOf(
    prompt("go"),
    call("1"),
    result("1", "out"),
    call("2", "Read"),
    result("2", "text"),
    call("3", "Edit"),
    result("3"),
  );
  const codex = denormaliseCodex(rows, OPTIONS);
  expect(JSON.stringify(codex.records)).toContain(JSON.stringify(JSON.stringify({ cmd: "run 1" })));
  expect(codex.kept).toEqual({ call_as_text: 2, tool_call: 1, tool_result: 1, user_message: 1 });
  const back = denormaliseClaude(
    rowsOf(
      prompt("go"),
      {
        ...call("c"),
        type: "tool_call",
        originalTool: "exec_command",
        originalAgent: "codex",
        input: { cmd: "ls" },
      } as TranscriptEvent,
      { ...result("c", "no", true), exitCode: 2 } as TranscriptEvent,
      call("p", "apply_patch", "codex"),
      result("p"),
    ),
    OPTIONS,
  );
  expect(saidIn(readBack("claude", back.records))).toMatchObject([
    {},
    { kind: "call", name: "Bash", output: "Exit code 2\nno", isError: true, exitCode: 2 },
    { kind: "answer", text: expect.stringContaining("apply_patch") },
  ]);
  expect(JSON.stringify(back.records)).toContain('{"command":"ls"}');
});

test("[TR36] what is too long begins at the last summary, else at a prompt", () => {
  const long = "x".repeat(1000);
  const summary: TranscriptEvent = { v: 1, type: "compaction", summary: "we did things" };
  const rows = rowsOf(prompt(long), answer(long), prompt("old"), answer("old"), prompt("new"), answer("new"));
  const summarised = [...rows.slice(0, 2), ...rowsOf(summary), ...rows.slice(2)];
  for (const agent of AGENTS) {
    const texts = (list: readonly NativeTranscriptRow[], maxCharacters: number) =>
      saidIn(readBack(agent, WRITERS[agent](list, { ...OPTIONS, maxCharacters }).records)).map((said) =>
        "text" in said ? said.text : "",
      );
    expect(texts(summarised, 10_000)).toHaveLength(6);
    expect(texts(summarised, 100)).toEqual([expect.stringContaining("we did things"), "old", "old", "new", "new"]);
    expect(texts(rows, 100)).toEqual(["old", "old", "new", "new"]);
    expect(texts(rows, 8)).toEqual(["new", "new"]);
    const { dropped } = WRITERS[agent](rows, { ...OPTIONS, maxCharacters: 8 });
    expect(dropped).toEqual({ earlier_steps: 4 });
  }
});

test("[TR37] pictures that models take go along, from the row or from beside it; what only says it is one does not", () => {
  const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
  const blob = { sha256: "0".repeat(64), size: 70 };
  const attachments = [
    { kind: "image", mime: "image/png", data: png },
    { kind: "image", mime: "image/png", blob },
    { kind: "image", mime: "image/png", data: "bm90IGEgcGljdHVyZQ==" },
    { kind: "image", mime: "image/svg+xml", data: "PHN2Zy8+" },
    { kind: "file", mime: "application/pdf", data: "AAAA" },
  ] as const;
  const rows = rowsOf({ v: 1, type: "user_message", text: "look", attachments: [...attachments] }, call("1"), {
    ...result("1", "shot"),
    attachments: [attachments[0]],
  } as TranscriptEvent);
  const bytesOf = () => Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  for (const agent of AGENTS) {
    const { records, kept, dropped } = WRITERS[agent](rows, { ...OPTIONS, bytesOf });
    const again = readBack(agent, records);
    expect(saidIn(again)).toMatchObject([{ kind: "prompt", text: "look", pictures: 2 }, { output: "shot" }]);
    const shown = again.map(({ payload }) => payload).find((payload) => payload.type === "tool_result");
    expect(shown).toMatchObject({ attachments: [{ kind: "image", mime: "image/png", data: png }] });
    expect([kept["attachment"], dropped["attachment"]]).toEqual([3, 3]);
  }
});
