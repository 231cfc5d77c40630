import * as fc from "fast-check";
import { expect, test } from "vitest";
import { codingSessionTranscriptRow } from "../resource.ts";
import { fixtures, recordsOf } from "../testing/fixtures.ts";
import { createCodexNormaliser } from "./normalise.ts";

/** The seed is fixed: a test that fails says the same to everybody. */
const RUNS = { numRuns: 120, seed: 20261122 };

/** What must hold whatever comes in: an answer for each line, rows of the schema, no key twice, twice the same. */
function check(lines: readonly unknown[]): void {
  const run = () => {
    const normaliser = createCodexNormaliser();
    return [...lines.map((line) => normaliser.push(line, { ts: 0 })), normaliser.end()];
  };
  const results = run();
  for (const result of results.slice(0, -1)) expect(result.rows.length > 0 || result.skipped !== undefined).toBe(true);
  const rows = results.flatMap((result) => result.rows);
  for (const row of rows) expect(codingSessionTranscriptRow.safeParse(row).error).toBeUndefined();
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  expect(rows.every((row) => row.key.length > 0 && row.key.length <= 512)).toBe(true);
  expect(run()).toEqual(results);
}

test("[TR3] no JSON whatever makes the translator of rollouts fail", () => {
  fc.assert(fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), check), RUNS);
});

test("[TR3] nor do lines that are nearly right", () => {
  const items = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "web_search_call",
    "local_shell_call",
    "x_output",
    "x",
  ];
  const events = [
    "user_message",
    "agent_message",
    "agent_reasoning",
    "task_started",
    "task_complete",
    "turn_aborted",
    "token_count",
    "patch_apply_end",
    "item_completed",
    "error",
    "thread_name_updated",
    "plan_update",
    "warning",
  ];
  const id = fc.oneof(fc.constantFrom("a", "b", "a:prompt"), fc.jsonValue());
  const payload = fc.record(
    {
      type: fc.constantFrom(...items, ...events),
      role: fc.constantFrom("user", "assistant", "developer"),
      id,
      call_id: id,
      client_id: id,
      turn_id: fc.constantFrom("t1", "t2"),
      name: fc.oneof(
        fc.constantFrom("exec_command", "apply_patch", "update_plan", "spawn_agent", "request_user_input"),
        fc.jsonValue(),
      ),
      namespace: fc.jsonValue(),
      arguments: fc.oneof(fc.json(), fc.jsonValue()),
      input: fc.jsonValue(),
      output: fc.oneof(fc.string(), fc.jsonValue()),
      content: fc.oneof(fc.array(fc.record({ type: fc.constant("input_text"), text: fc.string() })), fc.jsonValue()),
      message: fc.oneof(fc.constantFrom("same", "other"), fc.jsonValue()),
      text: fc.oneof(fc.constantFrom("same", "other"), fc.jsonValue()),
      images: fc.jsonValue(),
      summary: fc.jsonValue(),
      info: fc.jsonValue(),
      changes: fc.jsonValue(),
      action: fc.jsonValue(),
      item: fc.record({
        type: fc.constantFrom(
          "UserMessage",
          "AgentMessage",
          "Reasoning",
          "CommandExecution",
          "FileChange",
          "SubAgentActivity",
          "x",
        ),
        id,
        content: fc.jsonValue(),
        changes: fc.jsonValue(),
        kind: fc.constantFrom("started", "completed"),
      }),
      plan: fc.jsonValue(),
      thread_name: fc.jsonValue(),
      status: fc.constantFrom("completed", "failed", "in_progress"),
    },
    { requiredKeys: ["type"] },
  );
  const line = fc.record(
    {
      type: fc.constantFrom("session_meta", "turn_context", "response_item", "event_msg", "compacted", "x"),
      timestamp: fc.oneof(fc.constant("2026-01-01T00:00:00Z"), fc.jsonValue()),
      ordinal: fc.oneof(fc.nat(5), fc.jsonValue()),
      payload,
    },
    { requiredKeys: ["type", "payload"] },
  );
  fc.assert(fc.property(fc.array(line, { maxLength: 12 }), check), RUNS);
});

test("[TR3] nor does a rollout in which a value was exchanged for another", () => {
  const [own] = fixtures("codex").own;
  const lines = own === undefined ? [] : recordsOf(own.path);
  expect(lines.length).toBeGreaterThan(20);
  fc.assert(
    fc.property(fc.nat(lines.length - 1), fc.nat(1000), fc.jsonValue(), (index, place, value) => {
      let seen = -1;
      const changed = [...lines];
      changed[index] = JSON.parse(JSON.stringify(lines[index]), (_, item: unknown) =>
        ++seen === place % 40 ? value : item,
      );
      check(changed);
    }),
    RUNS,
  );
});
