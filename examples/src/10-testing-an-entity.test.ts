/**
 * How entities are tested: no server, no socket, no waiting. The handlers run in a world whose time and whose mishaps
 * are in the hand of the test. See docs/guide/runtime.md.
 *
 *     npx vitest run --project unit examples/src/10-testing-an-entity.test.ts
 */
import { createRegistry, defineEntity } from "@skein/runtime";
import { createTestWorld, type TestWorld } from "@skein/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { counterEntity, totals } from "./02-counter.ts";

const reminder = defineEntity({
  description: "Tells somebody again after an hour, until it is told to stop.",
  creationSchema: z.object({ whom: z.string() }),
  handler(ctx, wake) {
    if (wake.messages.some(({ payload }) => payload === "stop")) return ctx.wakeUp();
    if (!ctx.firstWake) ctx.send(ctx.args.whom, { type: "add", payload: { n: 1 } });
    ctx.sleep(60 * 60_000);
  },
});

let world: TestWorld;
beforeEach(() => {
  const registry = createRegistry();
  registry.define("counter", counterEntity);
  registry.define("reminder", reminder);
  world = createTestWorld({ registry });
});
afterEach(() => world.close());

test("[RT57] what was sent is counted", async () => {
  const counter = await world.spawn("counter", "a", { args: { start: 40 } });
  await counter.send({ type: "add", payload: { n: 2 } });
  await world.quiet();
  expect(counter.rows(totals)).toMatchObject([{ n: 42 }]);
  await expect(counter.send({ type: "add", payload: "two" })).rejects.toMatchObject({
    code: "schema_validation_failed",
  });
});

test("[RT58] nothing is counted twice when the process dies right after its commit", async () => {
  const counter = await world.spawn("counter", "a");
  await world.quiet();
  world.mishap(counter.url, 1, { kind: "crash", when: "after" });
  await counter.send({ type: "add", payload: { n: 1 } });
  await world.quiet();
  expect(counter.rows(totals)).toMatchObject([{ n: 1 }]);
});

test("[RT59] hours pass in no time", async () => {
  const counter = await world.spawn("counter", "a");
  const reminding = await world.spawn("reminder", "r", { args: { whom: counter.url } });
  await world.advance(3.5 * 60 * 60_000);
  expect(reminding.sent).toHaveLength(3);
  await reminding.send({ payload: "stop" });
  await world.advance(24 * 60 * 60_000);
  expect(counter.rows(totals)).toMatchObject([{ n: 3 }]);
});
