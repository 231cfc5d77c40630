import * as fc from "fast-check";
import { expect, test } from "vitest";
import { codingSessionTranscriptRow } from "../resource.ts";
import { ownClaude, recordsOf } from "../testing/fixtures.ts";
import { createClaudeNormaliser } from "./normalise.ts";

/** The seed is fixed: a test that fails says the same to everybody. */
const RUNS = { numRuns: 200, seed: 20261122 };

/** What must hold whatever comes in: an answer for each record, rows of the schema, no key twice, twice the same. */
function check(records: readonly unknown[], source: "file" | "live"): void {
  const run = () => {
    const normaliser = createClaudeNormaliser({ source });
    const results = records.map((record) => normaliser.push(record, { ts: 0 }));
    return [...results, normaliser.end()];
  };
  const results = run();
  for (const result of results.slice(0, -1)) {
    const held = result.rows.length === 0 && result.skipped === undefined && result.deltas.length === 0;
    // A compaction's divider waits for its summary: the one record that is answered by a later one.
    if (held) expect(JSON.stringify(records)).toContain("compact_boundary");
  }
  const rows = results.flatMap((result) => result.rows);
  for (const row of rows) expect(codingSessionTranscriptRow.safeParse(row).error).toBeUndefined();
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  expect(rows.every((row) => row.key.length > 0 && row.key.length <= 512)).toBe(true);
  expect(run()).toEqual(results);
}

test("[TR3] no JSON whatever makes the translator fail", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom("file" as const, "live" as const), check),
    RUNS,
  );
});

test("[TR3] nor do records that are nearly right", () => {
  const types = ["user", "assistant", "system", "attachment", "summary", "custom-title", "stream_event", "result", "x"];
  const subtypes = ["compact_boundary", "api_error", "turn_duration", "init", "local_command", "session_title_changed"];
  const block = fc.record(
    {
      type: fc.constantFrom(
        "text",
        "thinking",
        "tool_use",
        "tool_result",
        "image",
        "server_tool_use",
        "x_tool_result",
        "?",
      ),
      text: fc.oneof(fc.string(), fc.jsonValue()),
      thinking: fc.oneof(fc.string(), fc.jsonValue()),
      id: fc.oneof(fc.constantFrom("c1", "c2"), fc.jsonValue()),
      name: fc.oneof(fc.constantFrom("Bash", "Task", "AskUserQuestion", "TodoWrite", "TaskUpdate"), fc.jsonValue()),
      input: fc.jsonValue(),
      tool_use_id: fc.oneof(fc.constantFrom("c1", "c2"), fc.jsonValue()),
      content: fc.jsonValue(),
      source: fc.jsonValue(),
      is_error: fc.jsonValue(),
    },
    { requiredKeys: ["type"] },
  );
  const record = fc.record(
    {
      type: fc.constantFrom(...types),
      subtype: fc.constantFrom(...subtypes),
      uuid: fc.oneof(fc.constantFrom("a", "b", "a:0", ""), fc.jsonValue()),
      parentUuid: fc.constantFrom("a", "b", null),
      timestamp: fc.oneof(fc.constant("2026-01-01T00:00:00Z"), fc.jsonValue()),
      isMeta: fc.boolean(),
      isSidechain: fc.boolean(),
      isCompactSummary: fc.boolean(),
      message: fc.oneof(
        fc.record({ id: fc.constantFrom("m", "n"), content: fc.oneof(fc.string(), fc.array(block)) }),
        fc.jsonValue(),
      ),
      attachment: fc.jsonValue(),
      toolUseResult: fc.jsonValue(),
      compactMetadata: fc.jsonValue(),
      event: fc.jsonValue(),
      title: fc.jsonValue(),
      content: fc.jsonValue(),
    },
    { requiredKeys: ["type"] },
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 10 }), fc.constantFrom("file" as const, "live" as const), check),
    RUNS,
  );
});

test("[TR3] nor does a session in which a value was exchanged for another", () => {
  const records = recordsOf(ownClaude);
  fc.assert(
    fc.property(
      fc.nat(records.length - 1),
      fc.infiniteStream(fc.nat(30)),
      fc.oneof(fc.jsonValue(), fc.constant(undefined)),
      (index, path, value) => {
        const changed = structuredClone(records);
        changed[index] = exchange(changed[index], path, value);
        check(changed, "file");
      },
    ),
    RUNS,
  );
});

/** Walks down a random path and puts the value there, or takes away what is there. */
function exchange(target: unknown, path: Iterator<number>, value: unknown): unknown {
  if (typeof target !== "object" || target === null) return value;
  const names = Object.keys(target);
  const name = names[(path.next().value ?? 0) % Math.max(names.length, 1)];
  const stop = (path.next().value ?? 0) % 3 === 0;
  if (name === undefined || stop) return value === undefined ? {} : value;
  const entries = Object.entries(target).map(
    ([key, item]) => [key, key === name ? exchange(item, path, value) : item] as const,
  );
  return Array.isArray(target) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}
