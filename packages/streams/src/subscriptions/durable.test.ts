import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatOffset } from "@skein/protocol";
import { createSqliteStore } from "@skein/store/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { subscribed, type Subscribed } from "../testing/subscribed.ts";
import { SUBSCRIPTION_COLLECTIONS } from "./records.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skein-subscriptions-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["a restart", false],
  ["a kill", true],
])("[SB24] gap (a): subscriptions, offsets, generations, claims and keys are as before after %s", async (_, killed) => {
  let time = 1_700_000_000_000;
  const now = (): number => time;
  let life = 0;
  const reopened = async () => {
    const store = await createSqliteStore({
      path: join(folder, `${life}`),
      collections: SUBSCRIPTION_COLLECTIONS,
      now,
    });
    return subscribed({ store, now });
  };
  /** Ends in an orderly way; or what is on the disk goes on as it is, and the process that had it says no more. */
  const end = async (of: Subscribed): Promise<void> => {
    if (killed) await cp(join(folder, `${life}`), join(folder, `${life + 1}`), { recursive: true });
    if (killed) life += 1;
    await of.close();
  };
  let on = await reopened();
  await on.pullWake("s", { pattern: "events/*", streams: ["named"] });
  await on.send("PUT", "__ds/subscriptions/hook", {
    type: "webhook",
    streams: ["elsewhere"],
    webhook: { url: "https://example.com/" },
  });
  await on.append("events/a", 1, 2, 3);
  const held = await on.claimed("s");
  await on.ack("s", held, { acks: [{ stream: "events/a", offset: formatOffset(2) }] });
  const before = await on.send("GET", "__ds/subscriptions/s");
  const hook = await on.send("GET", "__ds/subscriptions/hook");
  await end(on);

  on = await reopened();
  expect(await on.send("GET", "__ds/subscriptions/s")).toEqual(before);
  expect(await on.send("GET", "__ds/subscriptions/hook")).toEqual(hook);
  expect((await on.claim("s", { worker: "other" })).body).toMatchObject({
    error: { current_holder: "w", generation: 1 },
  });
  expect((await on.ack("s", held)).status).toBe(200);
  await on.append("named", 1);
  await end(on);

  time += 10_000;
  on = await reopened();
  const wakes = await on.wakes();
  expect(wakes.at(-1)).toMatchObject({ subscription_id: "s", generation: 2 });
  const next = await on.claimed("s");
  expect(next).toMatchObject({ generation: 2, wake_id: wakes.at(-1)?.wake_id });
  expect(next.streams.map(({ path, acked_offset }) => `${path} ${acked_offset}`).sort()).toEqual([
    `events/a ${formatOffset(2)}`,
    `named ${formatOffset(0)}`,
  ]);
  expect((await on.finish("s", next)).body).toEqual({ ok: true, next_wake: false });
  await on.close();
  expect(on.errors).toEqual([]);
});
