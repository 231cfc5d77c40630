import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

/** The coder on a real server and runner, with an agent that does what the test says. */
let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

test("a coder without a prompt sets itself up", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.until("idle", () => view.status()?.status === "idle" && view.info() !== undefined);
  expect(view.info()).toMatchObject({ agent: "claude", cwd: lab.cwd, sessionId: "a", permissionMode: "ask" });
  expect((await lab.client.getEntity(view.url)).tags["coderResource"]).toBe("coder-session/a");
});

test("a prompt's row is there before the agent has it, and its turn ends in one commit", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a", {}, { type: "prompt", payload: { text: "hello" } });
  const turn = await lab.agent.nextTurn();
  expect(turn.prompt).toBe("hello");
  await view.until("the prompt", () => view.rows.length > 0);
  expect(view.rows[0]).toMatchObject({ key: turn.promptId, type: "user_message", actor: "user:test" });
  turn.say("m1", "hi there");
  turn.end();
  await view.idle(1);
  expect(view.types()).toEqual(["user_message", "assistant_message", "turn_complete"]);
  expect(view.runs()).toMatchObject([{ status: "completed" }]);
});
