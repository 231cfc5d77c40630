import { afterEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";
import { createFakeAgent } from "../testing/fake-agent.ts";
import type { FakeAgentOptions } from "../testing/fake-agent.ts";

let lab: CoderLab;
afterEach(() => lab.close());

async function open(options: FakeAgentOptions = {}) {
  lab = await createCoderLab({ agent: createFakeAgent(options) });
  await lab.startRunner();
  return lab.spawn("s1");
}

const prompts = (view: { rows: readonly { type: string; payload: unknown; actor?: string | undefined }[] }) =>
  view.rows.filter(({ type }) => type === "user_message");

test("[CD41] what is sent to steer goes into the turn that runs, as a row of it with its author, and is not run again", async () => {
  const view = await open({ steers: () => Promise.resolve(true) });
  const first = await view.prompt("go");
  const turn = await lab.agent.nextTurn();
  await view.send("steer", { text: "the other way" });
  await view.until("the row", () => prompts(view).length === 2);
  expect(turn.steered).toEqual(["the other way"]);
  expect(prompts(view)[1]).toMatchObject({
    actor: "user:test",
    promptId: first,
    payload: { type: "user_message", text: "the other way" },
  });
  turn.end();
  await view.idle(1);
  await view.prompt("next");
  expect((await lab.agent.nextTurn()).prompt).toBe("next");
  expect(lab.agent.turns()).toBe(2);
});

test("[CD41] what cannot go into a turn is the next prompt: no agent to take it, a refusal, no turn", async () => {
  const view = await open();
  await view.prompt("go");
  const turn = await lab.agent.nextTurn();
  await view.send("steer", { text: "second" });
  await view.until("the message", () => view.inbox().length === 2);
  turn.end();
  const second = await lab.agent.nextTurn();
  expect(second.prompt).toBe("second");
  second.end();
  await view.idle(2);
  await view.send("steer", { text: "third" });
  (await lab.agent.nextTurn()).end();
  await view.idle(3);
  expect(prompts(view).map(({ payload }) => payload)).toMatchObject([
    { text: "go" },
    { text: "second" },
    { text: "third" },
  ]);
});

test("[CD41] a turn that ends while something is put into it waits for the answer: it is not lost and not run twice", async () => {
  let answer = (_taken: boolean): void => {};
  const steers = () => new Promise<boolean>((resolve) => (answer = resolve));
  let isAsked = false;
  const view = await open({
    steers: () => {
      isAsked = true;
      return steers();
    },
  });
  await view.prompt("go");
  const turn = await lab.agent.nextTurn();
  await view.send("steer", { text: "late" });
  await expect.poll(() => isAsked, { timeout: 10_000 }).toBe(true);
  turn.end();
  answer(false);
  const second = await lab.agent.nextTurn();
  expect(second.prompt).toBe("late");
  second.end();
  await view.idle(2);
  expect(lab.agent.turns()).toBe(2);
});

test("[CD42] mode and model are changed by messages, as rows that say who did it, and hold from then on", async () => {
  const view = await open();
  await view.prompt("one");
  (await lab.agent.nextTurn()).end();
  await view.idle(1);
  await view.send("set_mode", { permissionMode: "plan" });
  await view.send("set_model", { model: "big" });
  await view.until("the rows", () => view.types().filter((type) => type === "notice").length === 2);
  expect(
    view.rows.flatMap(({ payload, actor }) => (payload.type === "notice" ? [{ ...payload, actor }] : [])),
  ).toMatchObject([
    { kind: "mode", text: "Mode: plan", actor: "user:test" },
    { kind: "model", text: "Model: big", actor: "user:test" },
  ]);
  expect(view.info()).toMatchObject({ permissionMode: "plan", model: "big" });
  await view.prompt("two");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  // An agent that cannot be told is made anew.
  expect(lab.agent.drivers.map(({ permissionMode, model }) => [permissionMode, model])).toEqual([
    ["ask", undefined],
    ["plan", "big"],
  ]);
  expect(lab.agent.closed()).toBe(1);
  await view.prompt("three");
  (await lab.agent.nextTurn()).end();
  await view.idle(3);
  expect(lab.agent.drivers).toHaveLength(2);
});

test("[CD42] a change in the middle of a turn is told the agent that can take it; the turn goes on", async () => {
  const view = await open({ configures: true });
  await view.prompt("one");
  const turn = await lab.agent.nextTurn();
  await view.send("set_mode", { permissionMode: "accept-edits" });
  await view.until("the row", () => view.types().includes("notice"));
  turn.end();
  await view.idle(1);
  await view.prompt("two");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  expect(lab.agent.drivers).toHaveLength(1);
  expect(view.info()?.permissionMode).toBe("accept-edits");
});

test("[CD42] leave to end the plan is the end of the plan mode", async () => {
  lab = await createCoderLab();
  await lab.startRunner();
  const view = await lab.spawn("s1", { permissionMode: "plan" });
  await view.prompt("one");
  const turn = await lab.agent.nextTurn();
  const about = { requestId: "r1", tool: "ExitPlanMode", originalTool: "ExitPlanMode", input: {} };
  const payload = { v: 1, type: "permission_request", ...about } as const;
  turn.push({ kind: "waiting", requestId: "r1", row: { key: "permission:r1", ts: 1, type: payload.type, payload } });
  await view.until("the request", () => view.status()?.status === "waiting");
  await view.send("permission_response", { requestId: "r1", decision: "allow" });
  await view.until("the mode", () => view.info()?.permissionMode === "ask");
  turn.end();
  await view.idle(1);
  expect(view.types()).toContain("notice");
});

test("[CD44] a turn in which nothing comes shows since when, until something does", async () => {
  const view = await open();
  await view.prompt("one");
  const turn = await lab.agent.nextTurn();
  turn.push({ kind: "stalled", since: 1234 });
  await view.until("the stall", () => view.status()?.stalledSince === 1234);
  expect(view.status()?.status).toBe("running");
  turn.say("a", "here I am");
  await view.until("its end", () => view.status()?.stalledSince === undefined);
  expect(view.status()?.status).toBe("running");
  turn.end();
  await view.idle(1);
});
