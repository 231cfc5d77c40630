import { mkdir, rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NativeTranscriptRow } from "@skein/sessions";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

const NATIVE = "11111111-1111-4111-8111-111111111111";
const row = (key: string, payload: NativeTranscriptRow["payload"]): NativeTranscriptRow => {
  return { key, ts: 1, type: payload.type, payload };
};
const history = (): NativeTranscriptRow[] => [
  row("u1", { v: 1, type: "user_message", text: "Mend the clock\nplease" }),
  row("a1", { v: 1, type: "assistant_message", text: "It ticks." }),
  row("u1:end", { v: 1, type: "turn_complete", success: true }),
];

test("[CD1] a coder that was spawned without a prompt sets itself up", async () => {
  await lab.startRunner({ machine: "desk" });
  const view = await lab.spawn("a", { permissionMode: "bypass", model: "m1" });
  await view.until("idle", () => view.status()?.status === "idle" && view.info() !== undefined);
  expect(view.info()).toMatchObject({
    agent: "claude",
    cwd: lab.cwd,
    sessionId: "a",
    permissionMode: "bypass",
    model: "m1",
    machine: "desk",
  });
  expect((await lab.client.getEntity(view.url)).tags["coderResource"]).toBe("coder-session/a");
});

test("[CD1] every wake looks whether something is missing, and makes nothing twice", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.until("idle", () => view.status()?.status === "idle" && view.info() !== undefined);
  const made = view.info();
  const turn = view.prompt("x").then(() => lab.agent.nextTurn());
  (await turn).end();
  await view.idle(1);
  expect({ ...view.info(), title: undefined }).toEqual({ ...made, title: undefined });
});

test("[CD3] a coder that is told no directory works in that of the session it attaches to", async () => {
  const there = `${lab.cwd}/there`;
  await mkdir(there);
  lab.agent.files.set(NATIVE, { cwd: there, rows: history() });
  await lab.startRunner();
  const view = await lab.spawn("a", { nativeSessionId: NATIVE });
  await view.until("information", () => view.info() !== undefined);
  expect(view.info()?.cwd).toBe(there);
  await view.prompt("x");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  expect(lab.agent.drivers).toMatchObject([{ cwd: there, native: { kind: "resume", id: NATIVE } }]);
});

test("[CD3] a directory that is gone fails the turn and not the coder", async () => {
  const there = `${lab.cwd}/there`;
  await mkdir(there);
  await lab.startRunner();
  const view = await lab.spawn("a", { cwd: there });
  await view.until("idle", () => view.status()?.status === "idle");
  await rm(there, { recursive: true });
  await view.prompt("one");
  await view.until("error", () => view.status()?.status === "error");
  expect(view.status()?.error?.code).toBe("directory_not_found");
  await mkdir(there);
  await view.prompt("two");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  expect(view.status()?.status).toBe("idle");
});

test("[CD4] attaching brings in the whole history once, and later wakes what is new", async () => {
  lab.agent.files.set(NATIVE, { rows: history() });
  await lab.startRunner();
  const view = await lab.spawn("a", { nativeSessionId: NATIVE });
  await view.until("the history", () => view.rows.length === 3 && view.status()?.status === "idle");
  expect(view.rows.map(({ key }) => key)).toEqual(["u1", "a1", "u1:end"]);
  lab.agent.files.set(NATIVE, {
    rows: [...history(), row("u2", { v: 1, type: "user_message", text: "typed in a terminal" })],
  });
  await view.prompt("from here");
  const turn = await lab.agent.nextTurn();
  turn.end();
  await view.idle(2);
  expect(view.rows.map(({ key }) => key)).toEqual(["u1", "a1", "u1:end", "u2", turn.promptId, `${turn.promptId}:end`]);
});

test("[CD4] a mirror that a crash cut off is completed, each row once", async () => {
  lab.agent.files.set(NATIVE, { rows: history() });
  const { sessions } = lab.agent;
  const broken: typeof sessions = {
    ...sessions,
    async *load(session, signal) {
      for await (const rows of sessions.load(session, signal)) {
        yield rows;
        await first.crash();
      }
    },
  };
  const first = await lab.startRunner({ adapters: [{ ...lab.agent, sessions: broken }] });
  const view = await lab.spawn("a", { nativeSessionId: NATIVE });
  await view.until("half of it", () => view.rows.length === 2);
  await lab.startRunner();
  await view.until("the rest", () => view.rows.length === 3 && view.status()?.status === "idle");
  expect(view.rows.map(({ key }) => key)).toEqual(["u1", "a1", "u1:end"]);
});

test("[CD5] titles: given, from the history, from the first prompt", async () => {
  lab.agent.files.set(NATIVE, { rows: history() });
  await lab.startRunner();
  const given = await lab.spawn("given", { title: "My title" });
  const attached = await lab.spawn("attached", { nativeSessionId: NATIVE });
  const fresh = await lab.spawn("fresh", {}, { type: "prompt", payload: { text: `${"word ".repeat(20)}\nmore` } });
  (await lab.agent.nextTurn()).end();
  await fresh.idle(1);
  await attached.until("a title", () => attached.info()?.title !== undefined);
  await given.until("a title", () => given.info()?.title !== undefined);
  expect(given.info()?.title).toBe("My title");
  expect(attached.info()?.title).toBe("Mend the clock");
  expect(fresh.info()?.title).toBe(`${"word ".repeat(15)}word…`);
});
