import { expect, test } from "vitest";
import { loadClaudeSession } from "../node/claude/load.ts";
import { call, claudeRows, text } from "../testing/claude-rows.ts";
import { collect, fixtures, ownClaude, recordsOf } from "../testing/fixtures.ts";
import { createClaudeNormaliser } from "./normalise.ts";

/** A row of a file as the SDK's stream has it: one block each, snake_case, no place in a tree, no time. */
function asMessages(row: unknown): unknown[] {
  if (typeof row !== "object" || row === null || !("type" in row) || !("uuid" in row)) return [];
  const { type, uuid } = row;
  const common = { type, uuid, session_id: "s", parent_tool_use_id: null };
  const message = "message" in row ? row.message : undefined;
  if (type === "user") {
    const meta = "isMeta" in row ? { isSynthetic: row.isMeta } : {};
    return [{ ...common, ...meta, message, ...("toolUseResult" in row ? { tool_use_result: row.toolUseResult } : {}) }];
  }
  return type === "assistant" ? [{ ...common, message }] : [];
}

const CONVERSATION = new Set([
  "assistant_message",
  "thinking",
  "tool_call",
  "tool_result",
  "question",
  "answer",
  "plan",
  "file_change",
]);

test.each(fixtures("claude").sessions)(
  "[TR6] $name seen live gives the keys and payloads that the file gives",
  async ({ path }) => {
    const fromFile = (await collect(loadClaudeSession({ path }))).filter((row) => row.parentCallId === undefined);
    const normaliser = createClaudeNormaliser({ source: "live" });
    const live = recordsOf(path)
      .flatMap(asMessages)
      .flatMap((message) => normaliser.push(message, { ts: 1 }).rows);
    const shown = (rows: typeof live) =>
      rows
        .filter((row) => CONVERSATION.has(row.type))
        .map(({ key, type, callId, payload }) => ({ key, type, callId, payload }));
    expect(shown(live)).toEqual(shown(fromFile));
  },
);

test("[TR6] a live stream derives no ends of turns; its prompts have the ids that they were given", () => {
  const normaliser = createClaudeNormaliser({ source: "live" });
  normaliser.begin("prompt-1");
  const messages = [
    { type: "system", subtype: "init", cwd: "/w", session_id: "s", claude_code_version: "2.1", model: "m" },
    { type: "user", uuid: "prompt-1", isReplay: true, message: { role: "user", content: "go" } },
    { type: "assistant", uuid: "a", message: { id: "m", content: [text("on it")] } },
    { type: "system", subtype: "api_retry", attempt: 1, max_retries: 2, error_status: 529, error: "overloaded_error" },
    { type: "user", uuid: "i", message: { role: "user", content: [text("[Request interrupted by user]")] } },
    { type: "result", subtype: "success", is_error: false },
  ];
  const results = messages.map((message) => normaliser.push(message, { ts: 5 }));
  expect(results.flatMap((result) => result.rows).map((row) => [row.key, row.type, row.ts])).toEqual([
    ["session:s", "session_init", 5],
    ["prompt-1", "user_message", 5],
    ["a:0", "assistant_message", 5],
    ["prompt-1:retry:0", "error", 5],
  ]);
  expect(results.map((result) => result.skipped?.reason).slice(4)).toEqual(["live-outcome", "live-outcome"]);
  expect(normaliser.end().rows).toEqual([]);
});

test("[TR12] live, the summary right behind a compaction's boundary completes it", () => {
  const normaliser = createClaudeNormaliser({ source: "live" });
  const messages = [
    {
      type: "system",
      subtype: "compact_boundary",
      uuid: "b",
      compact_metadata: { trigger: "auto", pre_tokens: 9, post_tokens: 2 },
    },
    { type: "user", uuid: "s", isSynthetic: true, message: { role: "user", content: "In short" } },
    { type: "user", uuid: "t", isSynthetic: true, message: { role: "user", content: "And mind this" } },
  ];
  const results = messages.map((message) => normaliser.push(message));
  expect(results.flatMap((result) => result.rows)).toMatchObject([
    { key: "b", payload: { type: "compaction", tokensBefore: 9, tokensAfter: 2, summary: "In short" } },
  ]);
  expect(results[2]?.skipped?.reason).toBe("meta");
});

test("[TR21] live, a failure that ended the turn is known by the model's name and the error's", () => {
  const normaliser = createClaudeNormaliser({ source: "live" });
  const said = { type: "assistant", uuid: "a", message: { model: "<synthetic>", content: [text("API Error: 529")] } };
  expect(normaliser.push({ ...said, error: "server_error" }).rows).toMatchObject([
    { payload: { type: "error", code: "server_error" } },
  ]);
  expect(normaliser.push({ ...said, uuid: "b" }).rows).toMatchObject([{ type: "assistant_message" }]);
});

test("[TR6] a command's output is the same notice live, where it looks like the model's words, and in the file", () => {
  const source = "<local-command-stdout>3.1k tokens</local-command-stdout>";
  const live = {
    type: "assistant",
    uuid: "c",
    local_command_source: source,
    message: { content: [text("3.1k tokens")] },
  };
  const inFile = { type: "system", subtype: "local_command", uuid: "c", content: source };
  const [row] = createClaudeNormaliser({ source: "live" }).push(live).rows;
  expect(row).toEqual(createClaudeNormaliser().push(inFile).rows[0]);
  expect(row).toMatchObject({ key: "c", payload: { type: "notice", kind: "command_output", text: "3.1k tokens" } });
});

test("[TR23] deltas name the block that the complete row names, and say where they go", () => {
  const normaliser = createClaudeNormaliser({ source: "live" });
  const event = (body: unknown, thread: string | null = null) => ({
    type: "stream_event",
    event: body,
    parent_tool_use_id: thread,
    uuid: "x",
    session_id: "s",
  });
  const start = (index: number, block: unknown) => event({ type: "content_block_start", index, content_block: block });
  const add = (index: number, delta: unknown) => event({ type: "content_block_delta", index, delta });
  const messages = [
    event({ type: "message_start", message: { id: "m1" } }),
    start(0, { type: "text", text: "" }),
    add(0, { type: "text_delta", text: "Hel" }),
    add(0, { type: "text_delta", text: "lo" }),
    event({ type: "message_start", message: { id: "n1" } }, "task"),
    { type: "assistant", uuid: "a0", message: { id: "m1", content: [text("Hello")] } },
    start(1, { type: "tool_use", id: "c", name: "Bash" }),
    add(1, { type: "input_json_delta", partial_json: "{" }),
    add(1, { type: "signature_delta", signature: "s" }),
    { type: "assistant", uuid: "a1", message: { id: "m1", content: [call("c", "Bash")] } },
  ];
  const results = messages.map((message) => normaliser.push(message));
  expect(results.flatMap((result) => result.deltas)).toEqual([
    { key: "m1:0", kind: "text", at: 0, text: "Hel" },
    { key: "m1:0", kind: "text", at: 3, text: "lo" },
    { key: "m1:1", kind: "tool_input", callId: "c", at: 0, text: "{" },
  ]);
  expect(results.flatMap((result) => result.rows).map((row) => [row.key, row.liveKey])).toEqual([
    ["a0:0", "m1:0"],
    ["a1:0", "m1:1"],
  ]);
});

test("[TR6] what a sub-agent does is under its call, live too", () => {
  const normaliser = createClaudeNormaliser({ source: "live" });
  const { rows } = normaliser.push({
    type: "assistant",
    uuid: "n",
    parent_tool_use_id: "task",
    message: { content: [text("in there")] },
  });
  expect(rows).toMatchObject([{ key: "n:0", parentCallId: "task" }]);
});

test("[TR6] the repository's own session has rows to compare", () => {
  expect(recordsOf(ownClaude).flatMap(asMessages).length).toBeGreaterThan(20);
  expect(claudeRows().user("x")).toMatchObject({ uuid: "u1" });
});
