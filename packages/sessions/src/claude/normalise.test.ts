import { expect, test } from "vitest";
import { questionKey, answerKey, turnEndKey } from "../resource.ts";
import { call, claudeRows, normaliseAll, normaliseEach, payloads, text, types } from "../testing/claude-rows.ts";
import { createClaudeNormaliser } from "./normalise.ts";

test("[TR1] a prompt's row has the record's id as key, every other row the record's id and its block", () => {
  const rows = claudeRows();
  const shown = normaliseAll([rows.user("hello"), rows.assistant([text("one"), text("two")])]);
  expect(shown.map((row) => row.key)).toEqual(["u1", "u2:0", "u2:1", turnEndKey("u1")]);
  expect(shown[0]).toMatchObject({ ts: Date.UTC(2026, 0, 1, 0, 0, 1), type: "user_message" });
});

test("[TR2] a record that is not shown says why", () => {
  const rows = claudeRows();
  const reasons = normaliseEach([
    { type: "file-history-snapshot" },
    { type: "queue-operation", operation: "enqueue", content: "later" },
    rows.user("<local-command-stdout></local-command-stdout>"),
    rows.user("for the model", { isMeta: true }),
    rows.user("<system-reminder>mind the gap</system-reminder>"),
    rows.user([]),
    rows.assistant([text("  ")]),
    rows.row({ type: "attachment", attachment: { type: "skill_listing" } }),
    rows.row({
      type: "attachment",
      attachment: { type: "new one" },
      rendered: [{ content: "<system-reminder>x</system-reminder>" }],
    }),
    rows.row({ type: "system", subtype: "stop_hook_summary", hookErrors: [] }),
  ]).map((result) => result.skipped?.reason);
  expect(reasons).toEqual([
    "file-history",
    "queue",
    "empty-command-output",
    "meta",
    "context",
    "empty",
    "empty",
    "context",
    "context",
    "hook",
  ]);
});

test("[TR7] tools have our names beside their own; those we do not know keep theirs", () => {
  const rows = claudeRows();
  const names = [
    "Bash",
    "Read",
    "MultiEdit",
    "Write",
    "Glob",
    "Grep",
    "WebSearch",
    "WebFetch",
    "Task",
    "TodoWrite",
    "mcp__lab__add",
  ];
  const shown = normaliseAll([rows.assistant(names.map((name, i) => call(`c${i}`, name)))]);
  expect(payloads(shown, "tool_call").map((p) => (p.type === "tool_call" ? [p.tool, p.originalTool] : []))).toEqual([
    ["terminal", "Bash"],
    ["file_read", "Read"],
    ["file_edit", "MultiEdit"],
    ["file_write", "Write"],
    ["file_search", "Glob"],
    ["content_search", "Grep"],
    ["web_search", "WebSearch"],
    ["web_fetch", "WebFetch"],
    ["sub_agent", "Task"],
    ["plan", "TodoWrite"],
    ["mcp__lab__add", "mcp__lab__add"],
  ]);
});

test("[TR8] commands and what they print are notices, and reminders around a prompt are taken away", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user(
      "<command-name>/model</command-name><command-message>model</command-message><command-args>opus</command-args>",
    ),
    rows.user("<local-command-stdout>Set model to opus</local-command-stdout>"),
    rows.user("<bash-input>ls</bash-input>"),
    rows.user("<bash-stdout>a b</bash-stdout><bash-stderr>oh</bash-stderr>"),
    rows.user([text("<ide_opened_file>a.ts</ide_opened_file>"), text("fix <b>this</b>")]),
    rows.user("<system-reminder>one</system-reminder>\nplease"),
    rows.user("what does <system-reminder> mean?"),
  ]);
  expect(shown.map(({ payload: p }) => ("text" in p ? `${p.type} ${p.text}` : p.type))).toEqual([
    "notice /model opus",
    "notice Set model to opus",
    "notice ! ls",
    "notice a b\noh",
    "user_message fix <b>this</b>",
    "user_message please",
    "user_message what does <system-reminder> mean?",
  ]);
});

test("[TR8] a prompt that was typed while the agent worked is part of the running turn", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("go"),
    rows.assistant([call("c", "Bash")]),
    rows.result("c", "done"),
    rows.row({
      type: "attachment",
      attachment: { type: "queued_command", prompt: "and hurry", source_uuid: "given-id" },
    }),
    rows.assistant([text("all done")], {}, "end_turn"),
  ]);
  expect(types(shown)).toEqual([
    "user_message",
    "tool_call",
    "tool_result",
    "user_message",
    "assistant_message",
    "turn_complete",
  ]);
  expect(shown[3]).toMatchObject({ key: "given-id", payload: { text: "and hurry" } });
  expect(shown[5]?.key).toBe(turnEndKey("u1"));
});

test("[TR9] a turn ends at its duration record, else before the next prompt, else at the end of the file", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("one"),
    rows.assistant([text("1")], {}, "end_turn"),
    rows.row({ type: "system", subtype: "turn_duration", durationMs: 1200 }),
    rows.user("two"),
    rows.assistant([text("2")]),
    rows.user("three"),
    rows.assistant([text("3")], {}, "end_turn"),
  ]);
  expect(types(shown)).toEqual([
    "user_message",
    "assistant_message",
    "turn_complete",
    "user_message",
    "assistant_message",
    "turn_complete",
    "user_message",
    "assistant_message",
    "turn_complete",
  ]);
  expect(payloads(shown, "turn_complete")[0]).toMatchObject({ success: true, durationMs: 1200 });
  const ends = shown.filter((row) => row.type === "turn_complete").map((row) => row.key);
  expect(ends).toEqual(["u1", "u4", "u6"].map(turnEndKey));
});

test("[TR9] words in front of a call that was not written yet end no turn", () => {
  const rows = claudeRows();
  const records = [rows.user("go"), rows.assistant([text("I will")], {}, "tool_use")];
  expect(types(normaliseAll(records))).toEqual(["user_message", "assistant_message"]);
  expect(types(normaliseAll([...records, rows.user("next")]))).toContain("turn_aborted");
});

test("[TR9] usage of a turn counts each message of the model once", () => {
  const rows = claudeRows();
  const spoke = (id: string, output: number, block: unknown) =>
    rows.row({
      type: "assistant",
      message: {
        id,
        role: "assistant",
        content: [block],
        usage: { input_tokens: 10, output_tokens: output, cache_read_input_tokens: 90 },
      },
    });
  const shown = normaliseAll([
    rows.user("go"),
    spoke("m1", 1, text("a")),
    spoke("m1", 7, call("c", "Read")),
    rows.result("c", ""),
    spoke("m2", 5, text("b")),
  ]);
  expect(payloads(shown, "turn_complete")[0]).toMatchObject({
    usage: { inputTokens: 20, outputTokens: 12, cachedInputTokens: 180, contextTokens: 105 },
  });
});

test("[TR9] a turn in a file that may still grow is open until the file says it is over", () => {
  const rows = claudeRows();
  const records = [rows.user("go"), rows.assistant([text("thinking aloud")])];
  expect(types(normaliseAll(records, { settled: false }))).toEqual(["user_message", "assistant_message"]);
  expect(types(normaliseAll(records))).toContain("turn_complete");
  const final = [...records, rows.assistant([text("done")], {}, "end_turn")];
  expect(types(normaliseAll(final, { settled: false })).at(-1)).toBe("turn_complete");
});

test("[TR10] an interrupt and a call without a result end the turn as aborted", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("one"),
    rows.assistant([text("I was about to")]),
    rows.user([text("[Request interrupted by user]")]),
    rows.user("two"),
    rows.assistant([call("c", "Bash")]),
    rows.user("three"),
    rows.user([text("[Request interrupted by user for tool use]")]),
  ]);
  expect(types(shown)).toEqual([
    "user_message",
    "assistant_message",
    "turn_aborted",
    "user_message",
    "tool_call",
    "turn_aborted",
    "user_message",
    "turn_aborted",
  ]);
  expect(shown.filter((row) => row.type === "turn_aborted").map((row) => row.key)).toEqual(
    ["u1", "u4", "u6"].map(turnEndKey),
  );
});

test("[TR12] compaction is one divider with its summary, also when the summary is missing or comes alone", () => {
  const rows = claudeRows();
  const boundary = (preTokens: number) =>
    rows.row({
      type: "system",
      subtype: "compact_boundary",
      compactMetadata: { trigger: "auto", preTokens, postTokens: 5 },
    });
  const shown = normaliseAll([
    boundary(100),
    { type: "file-history-snapshot" },
    rows.user("In short: …", { isCompactSummary: true }),
    boundary(200),
    rows.user("go on"),
    rows.user("Only this", { isCompactSummary: true }),
    boundary(300),
  ]);
  expect(payloads(shown, "compaction")).toMatchObject([
    { trigger: "auto", tokensBefore: 100, tokensAfter: 5, summary: "In short: …" },
    { tokensBefore: 200 },
    { summary: "Only this" },
    { tokensBefore: 300 },
  ]);
  expect(shown[0]?.key).toBe("u1");
});

test("[TR13] a question and its answer are known by the call, live and from the file", () => {
  const rows = claudeRows();
  const questions = [
    {
      question: "Which?",
      header: "Pick",
      multiSelect: false,
      options: [{ label: "A", description: "a" }, { label: "B" }],
    },
  ];
  const shown = normaliseAll([
    rows.assistant([call("ask", "AskUserQuestion", { questions })]),
    rows.result("ask", "…", { questions, answers: { "Which?": "B" } }),
    rows.assistant([call("ask2", "AskUserQuestion", { questions })]),
    rows.result("ask2", "The user declined", "Error: declined", true),
  ]);
  const question = shown.find((row) => row.type === "question");
  expect(question).toMatchObject({ key: questionKey("ask"), callId: "ask", payload: { requestId: "ask", questions } });
  const answers = shown.filter((row) => row.type === "answer");
  expect(answers).toMatchObject([
    { key: answerKey("ask"), payload: { requestId: "ask", answers: { "Which?": "B" } } },
    { key: answerKey("ask2"), payload: { answers: {}, cancelled: true } },
  ]);
});

test("[TR14] todo lists and tasks are plans, each time whole", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.assistant([
      call("t", "TodoWrite", {
        todos: [
          { content: "dig", status: "in_progress" },
          { content: "fill", status: "odd" },
        ],
      }),
    ]),
    rows.assistant([call("a", "TaskCreate", { subject: "sow" })]),
    rows.result("a", "Task #1 created", { task: { id: "1", subject: "sow" } }),
    rows.assistant([call("b", "TaskUpdate", { taskId: "1", status: "completed" })]),
    rows.assistant([call("d", "TaskUpdate", { taskId: "1", status: "deleted" })]),
  ]);
  expect(payloads(shown, "plan")).toMatchObject([
    {
      callId: "t",
      items: [
        { text: "dig", status: "in_progress" },
        { text: "fill", status: "pending" },
      ],
    },
    { callId: "a", items: [{ text: "sow", status: "pending" }] },
    { callId: "b", items: [{ text: "sow", status: "completed" }] },
    { callId: "d", items: [] },
  ]);
});

test("[TR15] a changed file comes with a unified diff", () => {
  const rows = claudeRows();
  const structuredPatch = [{ oldStart: 3, oldLines: 1, newStart: 3, newLines: 2, lines: ["-a", "+b", "+c"] }];
  const shown = normaliseAll([
    rows.result("e", "ok", { filePath: "/w/a.ts", oldString: "a", newString: "b", structuredPatch }),
    rows.result("w", "ok", { type: "create", filePath: "/w/n.ts", content: "x\ny\n", structuredPatch: [] }),
    rows.result("n", "ok", { notebook_path: "/w/n.ipynb", new_source: "1" }),
    rows.result("f", "failed", { filePath: "/w/a.ts", structuredPatch }, true),
  ]);
  expect(payloads(shown, "file_change")).toEqual([
    {
      v: 1,
      type: "file_change",
      callId: "e",
      changes: [{ path: "/w/a.ts", kind: "edit", diff: "--- a/w/a.ts\n+++ b/w/a.ts\n@@ -3,1 +3,2 @@\n-a\n+b\n+c\n" }],
    },
    {
      v: 1,
      type: "file_change",
      callId: "w",
      changes: [{ path: "/w/n.ts", kind: "add", diff: "--- /dev/null\n+++ b/w/n.ts\n@@ -0,0 +1,2 @@\n+x\n+y\n" }],
    },
    { v: 1, type: "file_change", callId: "n", changes: [{ path: "/w/n.ipynb", kind: "edit" }] },
  ]);
});

test("[TR16] results keep text, images, errors and exit codes", () => {
  const rows = claudeRows();
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } };
  const shown = normaliseAll([
    rows.result("a", [text("one"), image, text("two")]),
    rows.result("b", "Exit code 3\nboom", "Error: Exit code 3", true),
    rows.result("c", "fine", { stdout: "fine", stderr: "", interrupted: false }),
    rows.result("d", "", { stdout: "", stderr: "", interrupted: true }),
    rows.result("e", { odd: true }),
    rows.result("f", undefined),
  ]);
  expect(payloads(shown, "tool_result")).toEqual([
    {
      v: 1,
      type: "tool_result",
      callId: "a",
      output: "one\ntwo",
      isError: false,
      attachments: [{ kind: "image", mime: "image/png", size: 2, data: "aGk=" }],
    },
    { v: 1, type: "tool_result", callId: "b", output: "Exit code 3\nboom", isError: true, exitCode: 3 },
    { v: 1, type: "tool_result", callId: "c", output: "fine", isError: false, exitCode: 0 },
    { v: 1, type: "tool_result", callId: "d", output: "", isError: false },
    { v: 1, type: "tool_result", callId: "e", output: '{\n  "odd": true\n}', isError: false },
    { v: 1, type: "tool_result", callId: "f", output: "", isError: false },
  ]);
});

test("[TR17] a record or block that we do not know is kept whole as unknown", () => {
  const rows = claudeRows();
  const strange = { type: "from-tomorrow", colour: "teal" };
  const shown = normaliseAll([
    strange,
    rows.assistant([{ type: "hologram", depth: 3 }, text("hi")]),
    rows.user([{ type: "smell" }]),
    rows.row({ type: "system", subtype: "odd" }),
    rows.row({ type: "attachment", attachment: { type: "odd" } }),
    rows.row({ type: "user", message: 7 }),
    [1, 2],
    null,
    "text",
  ]);
  expect(types(shown).filter((type) => type !== "unknown")).toEqual(["assistant_message", "turn_complete"]);
  expect(payloads(shown, "unknown")[0]).toEqual({ v: 1, type: "unknown", agent: "claude", raw: strange });
  expect(payloads(shown, "unknown")[1]).toMatchObject({ raw: { type: "hologram", depth: 3 } });
  expect(payloads(shown, "unknown")).toHaveLength(9);
});

test("[TR18] going on from an earlier message leaves the other branch in place and says so", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("plan a"),
    rows.assistant([text("a it is")], {}, "end_turn"),
    rows.user("further"),
    rows.assistant([text("on with a")], {}, "end_turn"),
    rows.user("plan b", { parentUuid: "u2" }),
    rows.assistant([text("b it is")], {}, "end_turn"),
    rows.user("missing parent", { parentUuid: "nowhere" }),
  ]);
  expect(payloads(shown, "user_message").map((p) => "text" in p && p.text)).toEqual([
    "plan a",
    "further",
    "plan b",
    "missing parent",
  ]);
  const branches = shown.filter((row) => row.payload.type === "notice" && row.payload.kind === "branch");
  expect(branches.map((row) => row.key)).toEqual(["u5:branch"]);
  expect(types(shown).slice(5, 8)).toEqual(["turn_complete", "notice", "user_message"]);
});

test("[TR18] calls that run side by side are no branch", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("go"),
    rows.row({ type: "assistant", message: { id: "m", content: [call("a", "Read")] } }),
    rows.result("a", "A"),
    rows.row({ type: "assistant", parentUuid: "u2", message: { id: "m", content: [call("b", "Read")] } }),
    { ...rows.result("b", "B"), parentUuid: "u4" },
    rows.row({ type: "assistant", parentUuid: "u3", message: { id: "n", content: [text("both")] } }),
  ]);
  expect(types(shown)).not.toContain("notice");
});

test("[TR19] a record that is there twice is shown once", () => {
  const rows = claudeRows();
  const records = [rows.user("hello"), rows.assistant([text("hi")], {}, "end_turn")];
  const results = normaliseEach([...records, ...records]);
  expect(results.map((result) => result.skipped?.reason)).toEqual([undefined, undefined, "duplicate", "duplicate"]);
});

test("[TR20] titles are shown when they are news, and a person's stands above a made-up one", () => {
  const rows = claudeRows();
  const custom = (customTitle: string) => ({ type: "custom-title", customTitle });
  const shown = normaliseAll([
    { type: "summary", summary: "of another file", leafUuid: "elsewhere" },
    rows.user("hi"),
    { type: "summary", summary: "Greeting", leafUuid: "u1" },
    { type: "ai-title", aiTitle: "A greeting" },
    custom("Mine"),
    custom("Mine"),
    { type: "ai-title", aiTitle: "Another guess" },
    custom("Yours"),
    custom("Mine"),
  ]);
  expect(payloads(shown, "title").map((p) => p.type === "title" && p.title)).toEqual([
    "Greeting",
    "A greeting",
    "Mine",
    "Yours",
    "Mine",
  ]);
});

test("[TR21] failures of the API are errors: retries within the turn, and the one that ended it", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("go"),
    rows.row({
      type: "system",
      subtype: "api_error",
      error: { status: 529, message: "Overloaded" },
      retryAttempt: 1,
      maxRetries: 10,
    }),
    rows.row({
      type: "system",
      subtype: "api_error",
      cause: { code: "ECONNREFUSED" },
      retryAttempt: 2,
      maxRetries: 10,
    }),
    rows.assistant([text("API Error: 529 Overloaded")], { isApiErrorMessage: true, error: "server_error" }),
  ]);
  expect(types(shown)).toEqual(["user_message", "error", "error", "error", "turn_complete"]);
  expect(payloads(shown, "error")).toEqual([
    { v: 1, type: "error", code: "529", message: "Overloaded. Retry 1 of 10.", retryable: true },
    { v: 1, type: "error", code: "ECONNREFUSED", message: "ECONNREFUSED. Retry 2 of 10.", retryable: true },
    { v: 1, type: "error", code: "server_error", message: "API Error: 529 Overloaded" },
  ]);
  expect(payloads(shown, "turn_complete")[0]).toMatchObject({ success: false });
});

test("[TR11] sub-agents among the session's own records go under the call that has their prompt", () => {
  const rows = claudeRows();
  const shown = normaliseAll([
    rows.user("go"),
    rows.assistant([call("t", "Task", { description: "Look", prompt: "look there" })]),
    rows.user("look there", { isSidechain: true, parentUuid: null }),
    rows.assistant([text("I see")], { isSidechain: true, parentUuid: "u3" }),
    rows.result("t", "seen"),
  ]);
  expect(shown.map((row) => [row.type, row.parentCallId])).toEqual([
    ["user_message", undefined],
    ["tool_call", undefined],
    ["subagent", undefined],
    ["user_message", "t"],
    ["assistant_message", "t"],
    ["tool_result", undefined],
    ["subagent", undefined],
  ]);
});

test("[TR11] an agent that ran in the background ends with its notification", () => {
  const rows = claudeRows();
  const done =
    "<task-notification>\n<task-id>ag1</task-id>\n<status>completed</status>\n<summary>Agent done</summary>\n<result>Found it</result>\n</task-notification>";
  const shown = normaliseAll([
    rows.user("go"),
    rows.assistant([call("t", "Agent", { description: "Look", prompt: "p" })]),
    rows.result("t", "launched", { status: "async_launched", agentId: "ag1" }),
    rows.assistant([text("started")], {}, "end_turn"),
    rows.user(done),
    rows.user(done.replace("ag1", "bash_7")),
  ]);
  expect(payloads(shown, "subagent")).toMatchObject([
    { phase: "start", callId: "t", title: "Look" },
    { phase: "end", callId: "t", agentId: "ag1", isError: false, text: "Found it" },
  ]);
  expect(payloads(shown, "notice")).toMatchObject([{ kind: "task", text: "Agent done" }]);
});

test("[TR22] a change of model is said once, and what Claude Code says in the model's place is no change", () => {
  const normaliser = createClaudeNormaliser();
  const rows = claudeRows();
  const spoke = (model: string) => rows.row({ type: "assistant", message: { content: "x", model } });
  const shown = ["a", "a", "<synthetic>", "b"].flatMap((model) => normaliser.push(spoke(model)).rows);
  expect(payloads(shown, "notice")).toEqual([{ v: 1, type: "notice", kind: "model", text: "Model: b" }]);
});
