import { expect, test } from "vitest";
import { answerKey, questionKey, type NativeTranscriptRow, turnEndKey } from "../resource.ts";
import { payloads, types } from "../testing/claude-rows.ts";
import { createCodexNormaliser } from "./normalise.ts";

const META = { type: "session_meta", payload: { id: "T", cwd: "/w", cli_version: "0.169.0" } };
const item = (payload: Record<string, unknown>) => ({
  timestamp: "2026-01-01T00:00:00Z",
  type: "response_item",
  payload,
});
const event = (payload: Record<string, unknown>) => ({ timestamp: "2026-01-01T00:00:00Z", type: "event_msg", payload });
const user = (text: string) => item({ type: "message", role: "user", content: [{ type: "input_text", text }] });
const said = (text: string, id?: string) =>
  item({ type: "message", role: "assistant", id, content: [{ type: "output_text", text }] });
const fn = (callId: string, name: string, args: unknown) =>
  item({ type: "function_call", name, arguments: JSON.stringify(args), call_id: callId });
const out = (callId: string, output: unknown) => item({ type: "function_call_output", call_id: callId, output });
const start = (turn: string) => event({ type: "task_started", turn_id: turn });
const complete = (turn: string) => event({ type: "task_complete", turn_id: turn, duration_ms: 7 });

function normalise(lines: readonly unknown[], options: { settled?: boolean } = {}): NativeTranscriptRow[] {
  const normaliser = createCodexNormaliser();
  const rows = [META, ...lines].flatMap((line) => normaliser.push(line).rows);
  return [...rows, ...normaliser.end(options).rows].filter((row) => row.type !== "session_init");
}

test("[TR1] keys are the agent's: the prompt's own id, the turn and the item; else the place in the rollout", () => {
  const rows = normalise([
    start("t1"),
    user("hi"),
    event({ type: "user_message", message: "hi", client_id: "given" }),
    said("yes", "msg_1"),
    fn("call_1", "exec_command", { cmd: "ls" }),
    out("call_1", "ok"),
    complete("t1"),
    start("t2"),
    user("again"),
    event({ type: "user_message", message: "again" }),
    fn("call_1", "exec_command", { cmd: "ls" }),
    said("no id"),
  ]);
  expect(rows.map((row) => row.key)).toEqual([
    "given",
    "t1:msg_1",
    "t1:call_1",
    "t1:call_1:result",
    turnEndKey("given"),
    "t2:prompt",
    "t2:call_1",
    "T:13",
  ]);
});

test("[TR4] what is said twice, as item and event, is shown once, whichever comes first or is missing", () => {
  const rows = normalise([
    user("only an item"),
    event({ type: "agent_message", message: "event, then item" }),
    event({ type: "agent_reasoning", text: "thought" }),
    item({ type: "reasoning", summary: [{ type: "summary_text", text: "thought" }] }),
    said("event, then item"),
    event({ type: "agent_message", message: "only an event" }),
    event({ type: "agent_reasoning", text: "only thought" }),
    event({ type: "user_message", message: "only an event" }),
    said("only an item"),
  ]);
  expect(rows.map(({ payload: p }) => [p.type, "summary" in p ? p.summary : "text" in p ? p.text : ""])).toEqual([
    ["user_message", "only an item"],
    ["thinking", "thought"],
    ["assistant_message", "event, then item"],
    ["assistant_message", "only an event"],
    ["thinking", "only thought"],
    ["turn_complete", ""],
    ["user_message", "only an event"],
    ["assistant_message", "only an item"],
    ["turn_complete", ""],
  ]);
});

test("[TR8] what Codex tells the model in the user's place is not shown", () => {
  const rows = normalise([
    user("<environment_context>\n  <cwd>/w</cwd>\n</environment_context>"),
    user("# AGENTS.md instructions for /w\n\nBe kind."),
    user("<something_new>\nwith its end\n</something_new>"),
    item({ type: "message", role: "developer", content: [{ type: "input_text", text: "obey" }] }),
    user("a <b>real</b> prompt"),
  ]);
  expect(payloads(rows, "user_message")).toMatchObject([{ text: "a <b>real</b> prompt" }]);
});

test("[TR9] turns end when Codex says so, with what they used; a prompt given on the way is part of the turn", () => {
  const tokens = (input: number) =>
    event({
      type: "token_count",
      info: {
        total_token_usage: { input_tokens: input, output_tokens: 1 },
        last_token_usage: { total_tokens: 50 },
        model_context_window: 100,
      },
    });
  const rows = normalise([
    start("t1"),
    event({ type: "user_message", message: "one", client_id: "p1" }),
    tokens(100),
    event({ type: "user_message", message: "and mind this" }),
    said("done"),
    complete("t1"),
    start("t2"),
    event({ type: "user_message", message: "two", client_id: "p2" }),
    tokens(130),
    said("done too"),
    complete("t2"),
  ]);
  expect(rows.filter((row) => row.type === "turn_complete").map((row) => [row.key, row.payload])).toMatchObject([
    [
      turnEndKey("p1"),
      { success: true, durationMs: 7, usage: { inputTokens: 100, contextTokens: 50, contextWindow: 100 } },
    ],
    [turnEndKey("p2"), { usage: { inputTokens: 30 } }],
  ]);
  expect(rows[1]).toMatchObject({ key: "t1:prompt:2", payload: { text: "and mind this" } });
});

test("[TR9] a named turn that Codex did not end is open; without names, an answer ends it", () => {
  expect(types(normalise([start("t1"), user("go"), said("so far")]))).toEqual(["user_message", "assistant_message"]);
  expect(types(normalise([user("go"), said("done")]))).toEqual(["user_message", "assistant_message", "turn_complete"]);
  expect(types(normalise([user("go"), said("done")], { settled: false }))).toEqual([
    "user_message",
    "assistant_message",
  ]);
});

test("[TR10] an aborted turn says so", () => {
  const rows = normalise([
    start("t1"),
    user("go"),
    fn("c", "exec_command", { cmd: "sleep 9" }),
    event({ type: "turn_aborted", turn_id: "t1", reason: "interrupted" }),
  ]);
  expect(rows.at(-1)).toMatchObject({
    key: turnEndKey("t1:prompt"),
    payload: { type: "turn_aborted", reason: "interrupted" },
  });
});

test("[TR7] commands are told apart by what they do, and tools of servers keep their names", () => {
  const calls = [
    fn("1", "shell", { command: ["bash", "-lc", "ls -l"] }),
    fn("2", "exec_command", { cmd: "cat 'my file.txt'" }),
    fn("3", "exec_command", { cmd: "cat a.txt | wc" }),
    fn("4", "shell", {
      command: ["bash", "-lc", "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\nEOF"],
    }),
    item({
      type: "custom_tool_call",
      name: "apply_patch",
      call_id: "5",
      input: "*** Begin Patch\n*** Update File: a\n*** End Patch",
    }),
    item({ type: "function_call", name: "add", namespace: "mcp__lab", arguments: "{}", call_id: "6" }),
    item({ type: "function_call", name: "odd", arguments: "{not json", call_id: "7" }),
    item({ type: "local_shell_call", call_id: "8", status: "completed", action: { type: "exec", command: ["ls"] } }),
  ];
  const shown = payloads(normalise(calls), "tool_call").map((p) =>
    p.type === "tool_call" ? [p.tool, p.originalTool] : [],
  );
  expect(shown).toEqual([
    ["terminal", "shell"],
    ["file_read", "exec_command"],
    ["terminal", "exec_command"],
    ["file_write", "shell"],
    ["file_edit", "apply_patch"],
    ["add", "mcp__lab__add"],
    ["odd", "odd"],
    ["terminal", "local_shell"],
  ]);
});

test("[TR16] outputs are read in every form that versions have given them", () => {
  const results = [
    JSON.stringify({ output: "a\n", metadata: { exit_code: 0 } }),
    "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 2\nOutput:\noops\n",
    "Exit code: 0\nWall time: 0 seconds\nOutput:\nfine\n",
    "Chunk ID: 2\nWall time: 1 seconds\nProcess running with session ID 7\nOutput:\nso far\n",
    [
      { type: "input_text", text: "seen" },
      { type: "input_image", image_url: "data:image/png;base64,aGk=" },
    ],
    { content: "no", success: false },
    "aborted by user after 2s",
    "plain",
  ];
  const rows = normalise(results.flatMap((output, i) => [fn(`c${i}`, "exec_command", {}), out(`c${i}`, output)]));
  const shown = payloads(rows, "tool_result").map((p) =>
    p.type === "tool_result" ? [p.output, p.isError, p.exitCode] : [],
  );
  expect(shown).toEqual([
    ["a\n", false, 0],
    ["oops\n", true, 2],
    ["fine\n", false, 0],
    ["so far\n\n(still running as session 7)", false, undefined],
    ["seen", false, undefined],
    ["no", true, undefined],
    ["aborted by user after 2s", true, undefined],
    ["plain", false, undefined],
  ]);
  expect(payloads(rows, "tool_result")[4]).toMatchObject({ attachments: [{ kind: "image", size: 2, data: "aGk=" }] });
});

test("[TR15] patches are changed files, under the call that made them", () => {
  const changes = {
    "/w/n": { type: "add", content: "x\ny\n" },
    "/w/o": { type: "delete", content: "z\n" },
    "/w/m": { type: "update", unified_diff: "@@ -1 +1 @@\n-a\n+b\n", move_path: "/w/m2" },
  };
  const rows = normalise([
    start("t"),
    item({ type: "custom_tool_call", name: "apply_patch", call_id: "p", input: "" }),
    event({ type: "patch_apply_end", call_id: "p", success: true, changes }),
    event({ type: "patch_apply_end", call_id: "q", success: false, changes }),
  ]);
  const shown = rows.filter((row) => row.type === "file_change");
  expect(shown).toMatchObject([
    {
      key: "t:p:files",
      callId: "p",
      payload: {
        changes: [
          { path: "/w/n", kind: "add", diff: "@@ -0,0 +1,2 @@\n+x\n+y\n" },
          { path: "/w/o", kind: "delete", diff: "@@ -1,1 +0,0 @@\n-z\n" },
          { path: "/w/m", kind: "rename", movedTo: "/w/m2", diff: "@@ -1 +1 @@\n-a\n+b\n" },
        ],
      },
    },
  ]);
});

test("[TR14] a plan is a plan row", () => {
  const rows = normalise([
    fn("p", "update_plan", {
      plan: [
        { step: "dig", status: "completed" },
        { step: "fill", status: "odd" },
      ],
    }),
  ]);
  expect(payloads(rows, "plan")).toMatchObject([
    {
      callId: "p",
      items: [
        { text: "dig", status: "completed" },
        { text: "fill", status: "pending" },
      ],
    },
  ]);
});

test("[TR13] a question of Codex and its answer are rows, too", () => {
  const questions = [{ id: "q1", header: "Pick", question: "Which?", options: [{ label: "A", description: "a" }] }];
  const rows = normalise([
    fn("ask", "request_user_input", { questions }),
    out("ask", JSON.stringify({ answers: { q1: { answers: ["A"] } } })),
  ]);
  expect(rows.find((row) => row.type === "question")).toMatchObject({
    key: questionKey("ask"),
    payload: { questions: [{ question: "Which?" }] },
  });
  expect(rows.find((row) => row.type === "answer")).toMatchObject({
    key: answerKey("ask"),
    payload: { answers: { q1: "A" } },
  });
});

test("[TR12] compaction, errors, names, notices and what was taken back have rows", () => {
  const rows = normalise([
    { type: "compacted", payload: { message: "In short", replacement_history: [] } },
    event({ type: "context_compacted" }),
    event({ type: "error", message: "limit", codex_error_info: "usage_limit_exceeded" }),
    event({ type: "stream_error", message: "again" }),
    event({ type: "thread_name_updated", thread_name: "Named" }),
    event({ type: "thread_name_updated", thread_name: "Named" }),
    event({ type: "warning", message: "careful" }),
    event({ type: "entered_review_mode", user_facing_hint: "the last commit" }),
    event({ type: "exited_review_mode", review_output: { overall_explanation: "Fine." } }),
    event({ type: "thread_rolled_back", num_turns: 2 }),
  ]);
  expect(rows.map((row) => row.payload)).toEqual([
    { v: 1, type: "compaction", summary: "In short" },
    { v: 1, type: "error", code: "usage_limit_exceeded", message: "limit" },
    { v: 1, type: "error", message: "again", retryable: true },
    { v: 1, type: "title", title: "Named" },
    { v: 1, type: "notice", kind: "warning", text: "careful" },
    { v: 1, type: "notice", kind: "review", text: "Review began: the last commit" },
    { v: 1, type: "notice", kind: "review", text: "Review ended: Fine." },
    {
      v: 1,
      type: "notice",
      kind: "branch",
      text: "The last 2 turns were taken back; the conversation goes on from before.",
    },
  ]);
});

test("[TR17] lines, events and items that we do not know are unknown rows", () => {
  const rows = normalise([
    event({ type: "of_tomorrow", x: 1 }),
    item({ type: "of_tomorrow", y: 2 }),
    { type: "of_tomorrow", payload: { z: 3 } },
    { no: "type" },
    [],
    null,
  ]);
  expect(types(rows)).toEqual(Array.from({ length: 6 }, () => "unknown"));
});

test("[TR4] the first versions' lines without envelopes are read", () => {
  const normaliser = createCodexNormaliser();
  const lines = [
    { id: "T0", timestamp: "2025-06-01T00:00:00Z", instructions: null },
    { record_type: "state" },
    { type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "hi" }] },
  ];
  const rows = [...lines.flatMap((line) => normaliser.push(line).rows), ...normaliser.end().rows];
  expect(types(rows)).toEqual(["session_init", "user_message", "assistant_message", "turn_complete"]);
});

test("[TR4] a paginated rollout that has only completed items is read from those", () => {
  const done = (completed: unknown) => event({ type: "item_completed", turn_id: "t", item: completed });
  const rows = normalise([
    start("t"),
    done({ type: "UserMessage", id: "u", content: [{ type: "text", text: "go" }] }),
    done({ type: "Reasoning", id: "r", summary_text: ["hm"], raw_content: [] }),
    done({ type: "CommandExecution", id: "c", command: "ls", aggregated_output: "a", exit_code: 1, status: "failed" }),
    done({ type: "AgentMessage", id: "m", content: [{ type: "Text", text: "done" }], phase: "final_answer" }),
    done({ type: "OfTomorrow", id: "x" }),
    complete("t"),
  ]);
  expect(types(rows).toSorted()).toEqual([
    "assistant_message",
    "thinking",
    "tool_call",
    "tool_result",
    "turn_complete",
    "unknown",
    "user_message",
  ]);
  expect(payloads(rows, "tool_result")).toMatchObject([{ output: "a", isError: true, exitCode: 1 }]);
});
