import { afterEach, beforeEach, expect, test } from "vitest";
import { createRegistry, createRunner } from "@skein/runtime";
import type { TranscriptEvent } from "@skein/sessions";
import { createCoderLab } from "./testing/coder-lab.ts";
import type { CoderLab } from "./testing/coder-lab.ts";
import { statusOf, useCodingAgent } from "./use-coding-agent.ts";

let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

test("[CD31] an entity makes a session, prompts it, is woken by the answer and reads it", async () => {
  await lab.startRunner();
  const seen: unknown[] = [];
  const registry = createRegistry();
  registry.define("boss", {
    description: "Lets others work.",
    async handler(ctx) {
      const session = await useCodingAgent(ctx, "work", { agent: "claude", cwd: lab.cwd });
      if (ctx.firstWake) session.send("count the files");
      seen.push({
        status: session.status(),
        run: session.run,
        said: session.messages.map(({ payload }) => payload.type),
        cwd: session.meta()?.cwd,
        url: session.entityUrl,
      });
    },
  });
  const fetch = (request: Request) => lab.server.fetch(request);
  const runner = createRunner({ baseUrl: lab.server.url, token: lab.server.token, fetch, registry, id: "boss" });
  await runner.start();
  try {
    await lab.client.spawn("boss", "b");
    const turn = await lab.agent.nextTurn();
    expect(turn.prompt).toBe("count the files");
    turn.say("m1", "Seven.");
    turn.end();
    await expect
      .poll(() => seen.at(-1), { timeout: 10_000 })
      .toMatchObject({ run: { status: "completed", response: "Seven." } });
    expect(seen.at(-1)).toMatchObject({
      status: "idle",
      said: ["user_message", "assistant_message"],
      cwd: lab.cwd,
      url: "/coder/work",
    });
  } finally {
    await runner.stop();
  }
});

test("[CD31] the status of a session follows from its transcript", () => {
  const user: TranscriptEvent = { v: 1, type: "user_message", text: "x" };
  const ask: TranscriptEvent = { v: 1, type: "permission_request", requestId: "r", tool: "terminal", input: {} };
  const answer: TranscriptEvent = { v: 1, type: "permission_response", requestId: "r", decision: "allow" };
  const status = (...payloads: TranscriptEvent[]) =>
    statusOf(payloads.map((payload, key) => ({ key: String(key), ts: 1, type: payload.type, payload })));
  expect(status()).toBe("idle");
  expect(status(user)).toBe("running");
  expect(status(user, ask)).toBe("waiting");
  expect(status(user, ask, answer)).toBe("running");
  expect(status(user, { v: 1, type: "turn_complete", success: false })).toBe("error");
  expect(status(user, ask, { v: 1, type: "turn_aborted", reason: "interrupted" })).toBe("idle");
});
