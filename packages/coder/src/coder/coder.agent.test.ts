import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isChangeEvent } from "@skein/runtime/client";
import type { CodingSessionDelta, CodingSessionTranscriptRow } from "@skein/sessions";
import { loadClaudeSession } from "@skein/sessions/node";
import { packagedBinary } from "../claude/binary.ts";
import { sessionMarker } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner, SessionView } from "../testing/coder-lab.ts";

/** The whole way of a prompt: server, runner, coder, the real Claude Code, a scripted model. */
const binary = packagedBinary();
/** Milliseconds, with what a busy machine adds. */
const WITHIN_A_SECOND = 1500;
/** For what a busy machine takes. */
const patiently = { timeout: 20_000 };
const table = procTable();
let lab: CoderLab;
let claude: ClaudeLab;

beforeEach(async ({ skip }) => {
  skip(binary === undefined, "The optional package with the Claude Code binary is not installed.");
  claude = await createClaudeLab();
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
  await claude.close();
});

function startRunner(environment: Record<string, string> = {}): Promise<LabRunner> {
  return lab.startRunner({
    adapters: undefined,
    owner: claude.root,
    defaultWorkingDirectory: claude.cwd,
    environment: { ...claude.environment, ...environment },
    claude: { executable: binary, credentials: "env", maxRetries: 1 },
  });
}

const texts = (rows: readonly CodingSessionTranscriptRow[]): string[] =>
  rows.flatMap(({ payload }) => ("text" in payload && typeof payload.text === "string" ? [payload.text] : []));
const left = async (id: string) => (await table.find((marker) => marker === sessionMarker(claude.root, id))).length;
const once = (view: SessionView) => expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);

test("[CD6][CD11] a turn that writes a file: prompt, call, result, answer, end, in this order, once", async () => {
  await startRunner();
  const text = `[[think: hm]] [[write: ${claude.cwd}/a.txt|abc]] [[say: written]]`;
  const view = await lab.spawn("s1", { permissionMode: "bypass" }, { type: "prompt", payload: { text } });
  await view.idle(1);
  expect(await readFile(`${claude.cwd}/a.txt`, "utf8")).toBe("abc");
  expect(view.types()).toEqual([
    "user_message",
    "session_init",
    "thinking",
    "tool_call",
    "tool_result",
    "file_change",
    "assistant_message",
    "turn_complete",
  ]);
  once(view);
  const [prompt, , , call, result, , answer, end] = view.rows;
  expect(prompt?.payload).toMatchObject({ text });
  expect(call?.payload).toMatchObject({ tool: "file_write", input: { content: "abc" } });
  expect(result?.callId).toBe(call?.callId);
  expect(answer?.payload).toMatchObject({ text: "written" });
  expect(end?.payload).toMatchObject({ success: true });
  const [message] = view.inbox();
  expect(view.rows.every(({ promptId, runId }) => promptId === message?.key && runId === "1-1")).toBe(true);
  expect(view.info()).toMatchObject({ model: expect.any(String), nativeSessionId: expect.any(String) });
});

test("[CD26] what was seen live and stands in the agent's file is the same rows", async () => {
  await startRunner();
  const view = await lab.spawn("s1", { permissionMode: "bypass" });
  await view.prompt("[[think: hm]] [[say: a]] [[bash: echo hi]] [[parallel]] [[bash: echo 1]] [[bash: echo 2]]");
  await view.prompt("[[task: look|{{bash: echo sub}} {{say: sub done}}]] [[say: fin]]");
  await view.idle(2);
  const live = view.rows.map(({ key }) => key);
  const [name = ""] = (await claude.sessionFiles()).filter((file) => !file.includes("subagents"));
  const fromFile: string[] = [];
  for await (const { key } of loadClaudeSession({ path: `${claude.configDir}/projects/${name}` })) fromFile.push(key);
  expect(fromFile.filter((key) => !live.includes(key))).toEqual([]);
  expect(live.filter((key) => !fromFile.includes(key))).toEqual([]);
});

test("[CD25] deltas are on the live stream while the answer is written, and end with it", async () => {
  await startRunner();
  const view = await lab.spawn("s1");
  await view.prompt("[[say: the first half and{gate g} the second]]");
  await claude.api.reached("g");
  const deltas: CodingSessionDelta[] = [];
  const path = "/_skein/shared-state/coder-session/s1/live";
  for await (const { events } of lab.client.followStream({ path, missingMs: 5000 })) {
    for (const event of events) if (isChangeEvent(event)) deltas.push(event.value as CodingSessionDelta);
    if (deltas.map(({ text }) => text).join("") === "the first half and") break;
  }
  expect(deltas.every(({ runId, kind }) => runId === "1-1" && kind === "text")).toBe(true);
  claude.api.open("g");
  await view.idle(1);
  const answer = view.rows.find(({ liveKey }) => liveKey === deltas[0]?.key);
  expect(answer?.payload).toMatchObject({ type: "assistant_message", text: "the first half and the second" });
});

test("[CD13][CD14] permissions and questions are answered over the server", async () => {
  await startRunner();
  const view = await lab.spawn("s1", { permissionMode: "ask" });
  await view.prompt("[[bash: touch yes]] [[bash: touch no]] [[ask: which?|red|blue]] [[say: fin]]");
  for (const decision of ["allow", "deny"]) {
    const count = view.rows.filter(({ type }) => type === "permission_request").length;
    await view.until("a request", () => view.status()?.pending?.[0]?.kind === "permission");
    const [pending] = view.status()?.pending ?? [];
    await view.send("permission_response", { requestId: pending?.requestId, decision });
    await view.until(
      "the answer",
      () => view.types().filter((type) => type === "permission_response").length > count - 1,
    );
    await view.until("the next", () => view.status()?.pending?.[0]?.requestId !== pending?.requestId);
  }
  await view.until("a question", () => view.status()?.pending?.[0]?.kind === "question");
  const requestId = view.status()?.pending?.[0]?.requestId;
  await view.send("answer", { requestId, answers: { "which?": "blue" } });
  await view.idle(1);
  expect(await readFile(`${claude.cwd}/yes`, "utf8")).toBe("");
  await expect(readFile(`${claude.cwd}/no`)).rejects.toThrow(/ENOENT/);
  expect(JSON.stringify(claude.api.conversation().at(-1)?.messages)).toContain("blue");
  const wanted = ["permission_request", "permission_response", "tool_result", "question", "answer"];
  expect(view.types().filter((type) => wanted.includes(type))).toEqual([
    "permission_request",
    "permission_response",
    "tool_result",
    "permission_request",
    "permission_response",
    "tool_result",
    "question",
    "answer",
    "tool_result",
  ]);
  once(view);
});

test("[CD17][CD21] an interrupt or a kill in the middle of a command leaves no process", async () => {
  await startRunner();
  const view = await lab.spawn("s1", { permissionMode: "bypass" });
  await view.prompt("[[bash: setsid sleep 600 & echo up > up.txt; sleep 601]]");
  await view.prompt("[[say: second]]");
  await expect.poll(() => readFile(`${claude.cwd}/up.txt`, "utf8").catch(() => ""), patiently).toBe("up\n");
  const started = performance.now();
  await lab.client.signal(view.url, "interrupt");
  await view.until("the end", () => view.types().includes("turn_aborted"));
  expect(performance.now() - started).toBeLessThan(WITHIN_A_SECOND);
  await view.idle(2);
  expect(texts(view.rows)).toContain("second");
  expect(view.rows.find(({ type }) => type === "turn_aborted")?.payload).toMatchObject({ user: "user:test" });
  await expect.poll(() => left("s1"), patiently).toBe(1);
  await view.prompt("[[bash: echo on > on.txt; sleep 602]]");
  await expect.poll(() => readFile(`${claude.cwd}/on.txt`, "utf8").catch(() => ""), patiently).toBe("on\n");
  await lab.client.kill(view.url);
  await expect.poll(() => left("s1"), patiently).toBe(0);
});

test("[CD10][CD29] not signed in: the turn fails with a code and what to do", async () => {
  await startRunner({ ANTHROPIC_API_KEY: "" });
  const view = await lab.spawn("s1", {}, { type: "prompt", payload: { text: "hello" } });
  await view.idle(1);
  expect(view.status()).toMatchObject({ status: "error", error: { code: "agent_not_signed_in" } });
  expect(view.types().filter((type) => type === "error")).toHaveLength(1);
});

test("[CD22] after the runner was stopped, the session goes on with its history", async () => {
  const first = await startRunner();
  const view = await lab.spawn("s1", {}, { type: "prompt", payload: { text: "[[say: the answer is 42]]" } });
  await view.idle(1);
  await first.stop();
  expect(await left("s1")).toBe(0);
  await startRunner();
  await view.prompt("[[say: as I said]]");
  await view.idle(2);
  expect(JSON.stringify(claude.api.conversation().at(-1)?.messages)).toContain("the answer is 42");
  expect(view.types()).toEqual([
    "user_message",
    "session_init",
    "assistant_message",
    "turn_complete",
    "user_message",
    "assistant_message",
    "turn_complete",
  ]);
});

test("[CD4] a session that was begun elsewhere is attached with its history, and goes on", async () => {
  const first = await startRunner();
  const before = await lab.spawn("before", {}, { type: "prompt", payload: { text: "[[say: the answer is 42]]" } });
  await before.idle(1);
  const nativeSessionId = before.info()?.nativeSessionId ?? "";
  await lab.client.kill(before.url);
  await first.stop();
  await startRunner();
  const view = await lab.spawn("after", { nativeSessionId });
  await view.until("the history", () => view.types().includes("turn_complete") && view.status()?.status === "idle");
  expect(view.rows.map(({ key }) => key).sort()).toEqual(before.rows.map(({ key }) => key).sort());
  await view.prompt("[[say: as I said]]");
  await view.idle(2);
  expect(JSON.stringify(claude.api.conversation().at(-1)?.messages)).toContain("the answer is 42");
  once(view);
});
