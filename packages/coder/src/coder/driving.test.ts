import { afterEach, beforeEach, expect, test } from "vitest";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";
import { createImportingAgent } from "../testing/fake-importer.ts";

let lab: CoderLab;
/** What was written down for the agent, each time. */
let written: ReturnType<typeof createImportingAgent>["written"];
beforeEach(async () => {
  const made = createImportingAgent();
  written = made.written;
  lab = await createCoderLab({ agent: made.agent });
});
afterEach(async () => {
  await lab.close();
});

const keysIn = (rows: readonly { readonly key: string }[] | undefined): string[] => (rows ?? []).map(({ key }) => key);

async function takeOver(view: SessionView): Promise<number> {
  const { url, token } = lab.server;
  const headers = { authorization: `Bearer ${token}` };
  return (await lab.server.fetch(new Request(`${url}${view.url}/take-over`, { method: "POST", headers }))).status;
}

/** Two coders on one session; the second has joined the first one's. */
async function two(): Promise<{ a: SessionView; b: SessionView }> {
  const a = await lab.spawn("a");
  await a.prompt("first");
  const turn = await lab.agent.nextTurn();
  turn.say("m1", "first answer");
  turn.end();
  await a.idle(1);
  const b = await lab.spawn("b", { resource: "a" });
  return { a, b };
}

const typesBehind = (view: SessionView, type: CodingSessionTranscriptRow["type"]): string[] =>
  view.types().slice(view.types().indexOf(type));

test("[DL6] a coder that joins gets the session's history before it runs, and a row says so", async () => {
  await lab.startRunner();
  const { b } = await two();
  await b.prompt("second");
  const turn = await lab.agent.nextTurn();
  expect(keysIn(written.at(-1))).toEqual(expect.arrayContaining(["m1"]));
  turn.say("m2", "second answer");
  turn.end();
  await b.until("the end", () => b.rows.filter(({ type }) => type === "turn_complete").length === 2);
  expect(b.types()).toEqual([
    "user_message",
    "assistant_message",
    "turn_complete",
    "takeover",
    "handoff",
    "user_message",
    "assistant_message",
    "turn_complete",
  ]);
  expect(b.info()?.sessionId).toBe("a");
});

test("[DL6] the first one goes on with what the other did; without others nothing is written down again", async () => {
  await lab.startRunner();
  const { a, b } = await two();
  await b.prompt("second");
  const second = await lab.agent.nextTurn();
  second.say("m2", "second answer");
  second.end();
  await b.until("the second end", () => b.rows.filter(({ type }) => type === "turn_complete").length === 2);
  await a.prompt("third");
  const third = await lab.agent.nextTurn();
  const { length } = written;
  expect(keysIn(written.at(-1))).toEqual(expect.arrayContaining(["m1", "m2"]));
  third.end();
  await a.idle(3);
  await a.prompt("fourth");
  (await lab.agent.nextTurn()).end();
  await a.idle(4);
  expect(written).toHaveLength(length);
  const keys = a.rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("[DL7] a prompt to a coder while another drives waits, says for whom, and runs when that one has ended", async () => {
  await lab.startRunner();
  const { a, b } = await two();
  await a.prompt("long");
  const long = await lab.agent.nextTurn();
  await b.prompt("second");
  await b.until("that it waits", () => b.status()?.waitsFor === a.url);
  expect(lab.agent.turns()).toBe(2);
  long.say("m-long", "long answer");
  long.end();
  const second = await lab.agent.nextTurn();
  expect(second.prompt).toBe("second");
  second.end();
  await b.until("the end", () => b.rows.filter(({ type }) => type === "turn_complete").length === 3);
  expect(b.status()).not.toHaveProperty("waitsFor");
  expect(typesBehind(b, "takeover")).toEqual(["takeover", "handoff", "user_message", "turn_complete"]);
});

test("[DL8] a take-over in the middle of a turn aborts it visibly; nothing of it follows, and both go on", async () => {
  await lab.startRunner();
  const { a, b } = await two();
  await a.prompt("long");
  const long = await lab.agent.nextTurn();
  long.say("m-before", "before");
  long.ask("p1");
  await a.until("the request", () => a.status()?.status === "waiting");
  await b.prompt("mine now");
  await b.until("that it waits", () => b.status()?.waitsFor === a.url);
  expect(await takeOver(b)).toBe(200);
  const mine = await lab.agent.nextTurn();
  expect(mine.prompt).toBe("mine now");
  expect(long.interrupts()).toBeGreaterThan(0);
  mine.end();
  await b.until("the end", () => b.rows.filter(({ type }) => type === "turn_complete").length === 2);
  expect(typesBehind(b, "permission_request")).toEqual([
    "permission_request",
    "permission_response",
    "turn_aborted",
    "takeover",
    "handoff",
    "user_message",
    "turn_complete",
  ]);
  await a.until("the old driver's rest", () => a.status()?.status === "idle" && a.status()?.waitsFor === undefined);
  // It has nothing to do, and so leaves the session to the other.
  expect(a.types().filter((type) => type === "takeover")).toHaveLength(1);
  await a.prompt("again");
  const again = await lab.agent.nextTurn();
  expect(again.prompt).toBe("again");
  again.end();
  await a.until("three ends", () => a.rows.filter(({ type }) => type === "turn_complete").length === 3);
  const keys = a.rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("[DL8] a coder whose runner died in its turn finds it closed when another took over, and runs nothing twice", async () => {
  const first = await lab.startRunner();
  const { a, b } = await two();
  await a.prompt("long");
  const long = await lab.agent.nextTurn();
  long.say("m-before", "before");
  await a.until("what was said", () => a.rows.some(({ key }) => key === "m-before"));
  await first.crash();
  await takeOver(b);
  await lab.startRunner();
  await b.prompt("mine");
  const mine = await lab.agent.nextTurn();
  expect(mine.prompt).toBe("mine");
  mine.end();
  await b.until("the end", () => b.rows.filter(({ type }) => type === "turn_complete").length === 2);
  await a.until("the old driver's rest", () => a.status()?.status === "idle");
  await a.prompt("again");
  const again = await lab.agent.nextTurn();
  expect(again.prompt).toBe("again");
  again.end();
  await a.until("three ends", () => a.rows.filter(({ type }) => type === "turn_complete").length === 3);
  expect(a.rows.filter(({ type }) => type === "turn_aborted")).toHaveLength(1);
  const keys = a.rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});
