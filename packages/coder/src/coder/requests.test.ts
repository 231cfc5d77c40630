import { afterEach, beforeEach, expect, test } from "vitest";
import type { TranscriptEvent } from "@skein/sessions";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";
import type { FakeTurn } from "../testing/fake-agent.ts";

let lab: CoderLab;
let view: SessionView;
let turn: FakeTurn;
beforeEach(async () => {
  lab = await createCoderLab();
  await lab.startRunner();
  view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "go" } });
  turn = await lab.agent.nextTurn();
});
afterEach(async () => {
  await lab.close();
});

const responses = (): unknown[] =>
  view.rows.filter(({ type }) => type === "permission_response" || type === "answer").map(({ payload }) => payload);

test("[CD13] a request is a row, and the status waits until it is settled", async () => {
  turn.ask("r1");
  await view.until("waiting", () => view.status()?.status === "waiting" && view.rows.length === 2);
  expect(view.status()?.pending).toEqual([{ requestId: "r1", kind: "permission" }]);
  expect(view.rows[1]?.payload).toMatchObject({ type: "permission_request", requestId: "r1" });
  await view.send("permission_response", { requestId: "r1", decision: "allow" });
  await view.until("running", () => view.status()?.status === "running");
  turn.end();
  await view.idle(1);
  expect(view.types()).toEqual(["user_message", "permission_request", "permission_response", "turn_complete"]);
});

test("[CD14] the first answer wins, is recorded with its author, and only then reaches the agent", async () => {
  turn.ask("r1");
  await view.until("waiting", () => view.status()?.status === "waiting");
  await view.send("permission_response", { requestId: "r2", decision: "allow" });
  await view.send("permission_response", { requestId: "r1", decision: "deny", message: "Not now." });
  await view.send("permission_response", { requestId: "r1", decision: "allow" });
  await expect.poll(() => turn.responses.length, { timeout: 10_000 }).toBe(1);
  turn.end();
  await view.idle(1);
  expect(turn.responses).toEqual([
    { requestId: "r1", response: { kind: "permission", decision: "deny", message: "Not now." } },
  ]);
  expect(responses()).toMatchObject([{ requestId: "r1", decision: "deny", user: "user:test", message: "Not now." }]);
});

test("[CD14] an answer to another question than was asked changes nothing", async () => {
  const questions = [{ question: "Which?", options: [] }];
  const payload: TranscriptEvent = { v: 1, type: "question", requestId: "q1", questions };
  turn.row("question:q1", payload);
  turn.push({ kind: "waiting", requestId: "q1", row: { key: "question:q1", ts: 1, type: "question", payload } });
  await view.until("waiting", () => view.status()?.status === "waiting");
  await view.send("answer", { requestId: "q1", answers: { "Who?": "me" } });
  await view.send("answer", { requestId: "q1", answers: {} });
  await view.send("permission_response", { requestId: "q1", decision: "allow" });
  await view.send("answer", { requestId: "q1", answers: { "Which?": "blue" } });
  await expect.poll(() => turn.responses.length, { timeout: 10_000 }).toBe(1);
  turn.end();
  await view.idle(1);
  expect(turn.responses).toEqual([{ requestId: "q1", response: { kind: "answer", answers: { "Which?": "blue" } } }]);
  expect(responses()).toEqual([
    { v: 1, type: "answer", requestId: "q1", answers: { "Which?": "blue" }, user: "user:test" },
  ]);
  expect(view.rows.filter(({ type }) => type === "question")).toHaveLength(1);
});

test("[CD15] a request whose turn ends is closed as cancelled", async () => {
  turn.ask("r1");
  await view.until("waiting", () => view.status()?.status === "waiting");
  turn.end({ kind: "failed", code: "agent_failed", message: "Gone." });
  await view.idle(1);
  expect(responses()).toMatchObject([{ requestId: "r1", decision: "cancelled" }]);
  await view.send("permission_response", { requestId: "r1", decision: "allow" });
  await view.prompt("next");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
  expect(responses()).toHaveLength(1);
});
