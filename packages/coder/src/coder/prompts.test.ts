import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

test("[CD6] the prompt's row, the status and the run are there before the agent has the prompt", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "hello" } });
  const turn = await lab.agent.nextTurn();
  // The agent has it now, so the rows must be in the log already: read it, do not wait for it.
  const log = await lab.client.readStream("/_skein/shared-state/coder-session/a", { last: 10 });
  const main = await lab.client.readStream(`${view.url}/main`, { last: 20 });
  expect(turn.prompt).toBe("hello");
  expect(JSON.stringify(log.events)).toContain(turn.promptId);
  expect(JSON.stringify(main.events)).toContain('"status":"running"');
  await view.until("the prompt", () => view.rows.length > 0 && view.runs().length > 0);
  const [message] = view.inbox();
  expect(view.rows[0]).toMatchObject({
    key: turn.promptId,
    type: "user_message",
    actor: "user:test",
    promptId: message?.key,
    runId: view.runs()[0]?.key,
  });
  expect(view.status()).toMatchObject({ status: "running", currentPrompt: message?.key });
});

test("[CD7] prompts run one at a time, in order, each once, also those that arrive meanwhile", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.prompt("one");
  const one = await lab.agent.nextTurn();
  await view.prompt("two");
  await view.prompt("three", "same");
  await view.prompt("three", "same");
  expect(lab.agent.turns()).toBe(1);
  one.end();
  const two = await lab.agent.nextTurn();
  two.end();
  const three = await lab.agent.nextTurn();
  three.end();
  await view.idle(3);
  expect([one, two, three].map(({ prompt }) => prompt)).toEqual(["one", "two", "three"]);
  await view.prompt("four");
  (await lab.agent.nextTurn()).end();
  await view.idle(4);
  expect(lab.agent.turns()).toBe(4);
  expect(view.types()).toEqual(Array.from({ length: 4 }, () => ["user_message", "turn_complete"]).flat());
});

test("[CD7] prompts without a type, as the original's clients send them, run too", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { payload: { text: "hello" } });
  const turn = await lab.agent.nextTurn();
  turn.end();
  await view.idle(1);
  expect(turn.prompt).toBe("hello");
});

test("[CD8] a queued prompt is edited and cancelled until it begins", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  const one = await view.prompt("one");
  const running = await lab.agent.nextTurn();
  const two = await view.prompt("two");
  const three = await view.prompt("three");
  await view.send("edit_prompt", { key: two, text: "two, better" });
  await view.send("cancel_prompt", { key: three });
  await view.send("edit_prompt", { key: one, text: "too late" });
  await view.send("cancel_prompt", { key: one });
  await view.prompt("four");
  running.end();
  const next = await lab.agent.nextTurn();
  next.end();
  const last = await lab.agent.nextTurn();
  last.end();
  await view.idle(3);
  expect([next.prompt, last.prompt]).toEqual(["two, better", "four"]);
  expect(view.rows[0]?.payload).toMatchObject({ text: "one" });
});

test("[CD9] a message that is no prompt is said to be one that cannot be read, and the queue goes on", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { payload: { __bootstrap: true } });
  await view.prompt("hello");
  (await lab.agent.nextTurn()).end();
  await view.idle(1);
  expect(view.types()).toEqual(["error", "user_message", "turn_complete"]);
  expect(view.rows[0]?.payload).toMatchObject({ code: "invalid_request" });
});

test("[CD10] a turn that fails says why, and the next prompt runs", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.prompt("one");
  const one = await lab.agent.nextTurn();
  await view.prompt("two");
  one.end({ kind: "failed", code: "agent_not_signed_in", message: "Sign in." });
  const two = await lab.agent.nextTurn();
  two.end({ kind: "failed", code: "agent_failed", message: "Broken." });
  await view.idle(2);
  expect(view.status()).toMatchObject({ status: "error", error: { code: "agent_failed", message: "Broken." } });
  expect(view.types()).toEqual(["user_message", "error", "turn_complete", "user_message", "error", "turn_complete"]);
  expect(view.rows[1]?.payload).toMatchObject({ code: "agent_not_signed_in", message: "Sign in." });
  expect(view.rows[2]?.payload).toMatchObject({ success: false });
  expect(view.runs().map(({ status }) => status)).toEqual(["failed", "failed"]);
  await view.send("cancel_prompt", { key: "unknown" });
  await view.prompt("three");
  (await lab.agent.nextTurn()).end();
  await view.idle(3);
  expect(view.status()).toMatchObject({ status: "idle" });
  expect(view.status()).not.toHaveProperty("error");
});

test("[CD10] an error that the agent's own rows tell of is not told twice", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  turn.row("e1", { v: 1, type: "error", message: "API Error: 500" });
  turn.end({ kind: "failed", code: "agent_failed", message: "API Error: 500" });
  await view.idle(1);
  expect(view.types()).toEqual(["user_message", "error", "turn_complete"]);
});

test("[CD11] a turn ends in one commit", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  turn.say("m1", "first");
  await view.until("a row of the running turn", () => view.rows.length === 2);
  const commits: string[] = [];
  lab.intercept(async (request, next) => {
    if (request.url.endsWith("/claim/commit")) commits.push(await request.clone().text());
    return next(request);
  });
  turn.say("m2", "last words");
  turn.end({ kind: "completed", usage: { inputTokens: 3 }, durationMs: 5 });
  await view.idle(1);
  const [end, ...more] = commits.filter((body) => body.includes("turn_complete"));
  expect(more).toEqual([]);
  for (const part of ["last words", "coder_run_status", "coder_inbox_cursor", '"completed"'])
    expect(end).toContain(part);
  expect(view.runs()).toMatchObject([{ status: "completed" }]);
  expect(view.rows.at(-1)?.payload).toMatchObject({ success: true, usage: { inputTokens: 3 }, durationMs: 5 });
});

test("[CD11] who waits for the run is given the agent's last words", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  turn.say("m1", "I shall look.");
  const call = { v: 1, type: "tool_call", callId: "c", tool: "terminal", originalTool: "Bash" } as const;
  turn.row("m2", { ...call, originalAgent: "claude", input: {} }, { callId: "c" });
  turn.say("m3", "Found it.");
  turn.end();
  await view.idle(1);
  const { events } = await lab.client.readStream(`${view.url}/main`, { last: 50 });
  const texts = events.filter((event) => "type" in event && event.type === "run_text");
  expect(texts).toMatchObject([{ value: { text: "Found it." } }]);
});
