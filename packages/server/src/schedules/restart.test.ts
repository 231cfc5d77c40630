import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mainStream } from "@skein/protocol";
import { createSqliteStore } from "@skein/store/sqlite";
import { expect, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createFixture, declaredObservation, row, type Fixture } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";

test("[WK46] what became due or changed while no server ran is told by the next one", async () => {
  const path = await mkdtemp(join(tmpdir(), "skein-schedules-"));
  let time = Date.UTC(2026, 0, 1);
  const start = async (): Promise<{ on: Fixture; close: () => Promise<void> }> => {
    const store = await createSqliteStore({ path, collections: SERVER_COLLECTIONS, now: () => time });
    const server = createMemoryServer({ store });
    const on = createFixture(server, store, (ms) => {
      time += ms;
    });
    return { on, close: () => server.close() };
  };
  const main = mainStream("/watcher/w");
  try {
    const { on, close } = await start();
    await on.runner("w", ["watcher", "source"]);
    await on.spawn("/watcher/w");
    const held = await on.claim("w");
    const cron = { kind: "cron", schedule: { expression: "*/5 * * * *" } };
    const events = [
      declaredObservation("tick", cron),
      declaredObservation("nap", { kind: "timer", afterMs: 1000 }),
      declaredObservation("s", { kind: "entity", url: "/source/s" }, { on: "change", debounceMs: 1000 }),
    ];
    await on.committed(held, { seq: 1, writes: [{ stream: main, events }], ack: await on.tail(main), done: true });
    await on.send("/watcher/w", { payload: "later", afterMs: 2000, idempotencyKey: "k" });
    await on.spawn("/source/s");
    const source = await on.claim("w");
    const writes = [{ stream: mainStream("/source/s"), events: [row("state:x", "k", { key: "k" })] }];
    await on.committed(source, { seq: 1, writes });
    await on.poll("w");
    await close();

    time += 16 * 60_000;
    const { on: again, close: end } = await start();
    await again.claim("w");
    await again.poll("w");
    const told = (await again.events(main)).filter(
      ({ type, headers }) => (type === "wake" || type === "inbox") && headers.operation === "insert",
    );
    expect(
      told.map(({ type, value }) => (type === "inbox" ? "later" : (value as { reason: string }).reason)).sort(),
    ).toEqual(["change", "cron", "later", "timer"]);
    expect(told.find(({ value }) => (value as { reason?: string }).reason === "cron")?.value).toMatchObject({
      ticks: 3,
      at: Date.UTC(2026, 0, 1, 0, 15),
    });
    expect(await again.send("/watcher/w", { payload: "later", idempotencyKey: "k" })).toMatchObject({
      duplicate: true,
    });
    time += 60_000;
    await again.poll("w");
    await end();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
