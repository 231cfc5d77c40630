import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";
import { createFakeAgent } from "../testing/fake-agent.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createDriverPool } from "./drivers.ts";
import { sweepIdle } from "./sweep.ts";

let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

test("[CD17] an interrupt ends the turn, says who asked, and the next prompt runs", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  turn.say("m1", "half of");
  await view.prompt("two");
  await lab.client.signal(view.url, "interrupt");
  const next = await lab.agent.nextTurn();
  next.end();
  await view.idle(2);
  expect(view.types()).toEqual(["user_message", "assistant_message", "turn_aborted", "user_message", "turn_complete"]);
  expect(view.rows[2]?.payload).toMatchObject({ reason: "interrupted", user: "user:test" });
  expect(lab.agent.drivers).toHaveLength(1);
});

test("[CD18] an interrupt that comes before the agent has the prompt keeps it from getting it", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.until("idle", () => view.status()?.status === "idle");
  lab.intercept(async (request, next) => {
    const begins = request.url.endsWith("/claim/commit") && (await request.clone().text()).includes("user_message");
    if (!begins) return next(request);
    lab.intercept(undefined);
    const response = await next(request);
    await lab.client.signal(view.url, "interrupt");
    // The signal reaches the runner on the stream that it follows, and the commit's answer after it.
    await view.until("the signal", () => view.signals().length > 0);
    return response;
  });
  await view.prompt("one");
  await view.idle(1);
  expect(view.types()).toEqual(["user_message", "turn_aborted"]);
});

test("[CD19] a turn that a crash cut off is closed, with its requests, and its prompt does not run again", async () => {
  const first = await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  turn.say("m1", "so far");
  turn.ask("r1");
  await view.prompt("two");
  await view.until("waiting", () => view.status()?.status === "waiting" && view.rows.length === 3);
  // The agent's own file has more than the log.
  const { id } = lab.agent.drivers[0]?.native ?? { id: "" };
  const said = { v: 1, type: "assistant_message" } as const;
  lab.agent.files.set(id, {
    rows: [
      { key: turn.promptId, ts: 1, type: "user_message", payload: { v: 1, type: "user_message", text: "one" } },
      { key: "m1", ts: 1, type: "assistant_message", payload: { ...said, text: "so far" } },
      { key: "m2", ts: 1, type: "assistant_message", payload: { ...said, text: "only in the file" } },
      {
        key: `${turn.promptId}:end`,
        ts: 1,
        type: "turn_complete",
        payload: { v: 1, type: "turn_complete", success: true },
      },
    ],
  });
  await first.crash();
  await lab.startRunner();
  const next = await lab.agent.nextTurn();
  expect(next.prompt).toBe("two");
  next.end();
  await view.idle(2);
  expect(view.rows.map(({ type }) => type)).toEqual([
    "user_message",
    "assistant_message",
    "permission_request",
    "assistant_message",
    "permission_response",
    "turn_aborted",
    "user_message",
    "turn_complete",
  ]);
  expect(view.rows[3]).toMatchObject({ key: "m2", runId: "1-1" });
  expect(view.rows[4]?.payload).toMatchObject({ requestId: "r1", decision: "cancelled" });
  expect(lab.agent.turns()).toBe(2);
  expect(view.runs().map(({ status }) => status)).toEqual(["failed", "completed"]);
});

test("[CD20] a runner that stops closes its turn and leaves the queue to the next", async () => {
  const first = await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  await lab.agent.nextTurn();
  await view.prompt("two");
  await first.stop();
  await view.until("the end", () => view.types().includes("turn_aborted"));
  expect(lab.agent.closed()).toBeGreaterThan(0);
  await lab.startRunner();
  const next = await lab.agent.nextTurn();
  expect(next.prompt).toBe("two");
  next.end();
  await view.idle(2);
  expect(view.types()).toEqual(["user_message", "turn_aborted", "user_message", "turn_complete"]);
});

test("[CD21] a coder that is killed stops its agent at once", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  await lab.client.kill(view.url);
  await expect.poll(() => lab.agent.closed(), { timeout: 10_000 }).toBe(1);
  expect(turn.interrupts()).toBeGreaterThan(0);
});

test("[CD21] a coder that lost its claim stops its agent at once", async () => {
  const first = await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  const turn = await lab.agent.nextTurn();
  // Another process under the same id takes the claims back.
  await lab.startRunner();
  turn.say("m1", "to nobody");
  await expect.poll(() => lab.agent.closed(), { timeout: 10_000 }).toBe(1);
  await view.until("the end", () => view.types().includes("turn_aborted"));
  expect(view.types()).toEqual(["user_message", "turn_aborted"]);
  await first.stop();
});

test("[CD23] an agent is kept warm, and ended when it has been idle for a while", async () => {
  const clock = createManualClock();
  const pool = createDriverPool({ clock, idleMs: 1000 });
  const agent = createFakeAgent();
  const options = { sessionId: "a", cwd: "/", permissionMode: "ask", native: { kind: "own", id: "n" } } as const;
  const make = () => agent.createDriver(options);
  const first = await pool.take("a", make);
  pool.giveBack("a");
  clock.pass(999);
  expect(await pool.take("a", make)).toBe(first);
  clock.pass(5000);
  expect(agent.closed()).toBe(0);
  pool.giveBack("a");
  clock.pass(1000);
  expect(agent.closed()).toBe(1);
  expect(await pool.take("a", make)).not.toBe(first);
  await pool.close();
  expect(agent.closed()).toBe(2);
});

test("[CD23] an agent whose session somebody else wrote to is started anew", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "one" } });
  (await lab.agent.nextTurn()).end();
  await view.idle(1);
  const { id } = lab.agent.drivers[0]?.native ?? { id: "" };
  const payload = { v: 1, type: "user_message", text: "in a terminal" } as const;
  lab.agent.files.set(id, { rows: [{ key: "t1", ts: 1, type: "user_message", payload }] });
  await view.prompt("two");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  expect(lab.agent.drivers).toHaveLength(2);
  expect(lab.agent.closed()).toBe(1);
});

test("[CD23] the agent of a coder that was killed while it was idle is ended", async () => {
  const clock = createManualClock();
  const drivers = createDriverPool({ clock, idleMs: 600_000 });
  const agent = createFakeAgent();
  for (const sessionId of ["a", "b", "c"]) {
    const native = { kind: "own", id: sessionId } as const;
    await drivers.take(sessionId, () => agent.createDriver({ sessionId, cwd: "/", permissionMode: "ask", native }));
    if (sessionId !== "c") drivers.giveBack(sessionId);
  }
  const coder = (id: string, status: "idle" | "killed") => ({ id, status, args: { agent: "claude" } });
  let asked = 0;
  const listCoders = () => {
    asked += 1;
    if (asked === 1) return Promise.reject(new Error("offline"));
    return Promise.resolve([coder("a", "killed"), coder("b", "idle"), coder("c", "killed")]);
  };
  const stop = sweepIdle({ clock, drivers, listCoders, everyMs: 1000 });
  clock.pass(1000);
  await new Promise(setImmediate);
  clock.pass(1000);
  await new Promise(setImmediate);
  expect(drivers.idle()).toEqual(["b"]);
  expect(agent.closed()).toBe(1);
  stop();
  clock.pass(10_000);
  expect(asked).toBe(2);
});
