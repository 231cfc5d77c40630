import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registerCoder } from "@skein/coder";
import { createFakeAgent } from "@skein/coder/testing";
import { createRegistry, createRunner } from "@skein/runtime";
import type { ConnectionOptions } from "@skein/runtime/client";
import { createEmbeddedServer, type EmbeddedServer } from "@skein/server/presets";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { helloEntity } from "./01-hello-entity.ts";
import { counter } from "./02-counter.ts";
import { spawnAndWait } from "./03-spawn-and-wait.ts";
import { sharedBlackboard } from "./04-shared-blackboard.ts";
import { mapReduce } from "./05-map-reduce.ts";
import { reactiveObserver } from "./06-reactive-observer.ts";
import { cronDigest } from "./07-cron-digest.ts";
import { webhookHandler } from "./08-webhook-handler.ts";
import { coderAsATool } from "./09-coder-as-a-tool.ts";
import type { Example } from "./run-example.ts";

let home: string;
let embedded: EmbeddedServer;
let server: ConnectionOptions;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "skein-example-"));
  embedded = await createEmbeddedServer({ home, port: 0, log: () => undefined });
  server = { baseUrl: embedded.url, token: embedded.token };
});
afterAll(async () => {
  await embedded.close();
  await rm(home, { recursive: true, force: true });
});

async function saidBy(example: Example): Promise<string[]> {
  const said: string[] = [];
  await example(server, (line) => void said.push(line));
  return said;
}

test.each<[string, Example, string[]]>([
  ["01-hello-entity", helloEntity, ["It says: Hello, world!"]],
  ["02-counter", counter, ["It is new.", "It is at 42."]],
  ["03-spawn-and-wait", spawnAndWait, ["The worker answered: HELLO"]],
  ["04-shared-blackboard", sharedBlackboard, ["The question: Is it done?", "Answers: 3"]],
  ["05-map-reduce", mapReduce, ["3 texts have 13 words."]],
  ["06-reactive-observer", reactiveObserver, ["Alarms: 31 degrees! 33 degrees!"]],
  ["07-cron-digest", cronDigest, ["The first digest: It began."]],
  [
    "08-webhook-handler",
    webhookHandler,
    ["The parrot says: Who is there?", "A call that is not signed is answered with 401."],
  ],
])("[RT69] example %s runs against a real server", async (_name, example, lines) => {
  expect(await saidBy(example)).toEqual(lines);
});

test("[RT69] example 09-coder-as-a-tool runs against a real server with a coder", async () => {
  const agent = createFakeAgent();
  const registry = createRegistry();
  const coders = registerCoder(registry, {
    defaultWorkingDirectory: home,
    environment: {},
    owner: home,
    adapters: [agent],
  });
  const runner = createRunner({ ...server, registry, id: "coders", calls: coders.calls });
  await coders.start();
  await runner.start();
  onTestFinished(async () => {
    await runner.stop();
    await coders.close();
  });
  const asked = agent.nextTurn().then((turn) => {
    turn.say("a1", "Looks good to me.");
    turn.end();
    return turn.prompt;
  });
  expect(await saidBy(coderAsATool(home))).toEqual(["The review: Looks good to me."]);
  expect(await asked).toBe("Review this: the last commit");
});
