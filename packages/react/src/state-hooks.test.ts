import { sharedStateStream } from "@skein/protocol";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { createMemoryServer } from "@skein/server/testing";
import { createElement } from "react";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { countRequests } from "./testing/open-requests.ts";
import { render } from "./testing/render.ts";
import { trackedEnvironment } from "./testing/tracked-environment.ts";
import { useEntity } from "./use-entity.ts";
import { useSharedState } from "./use-shared-state.ts";

const note = z.object({ key: z.string(), text: z.string() });
const board = { notes: { type: "note", primaryKey: "key", schema: note } } as const;
const counterState = {
  totals: { type: "total", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) },
};

/** A server with a type `counter`, whose handler also writes every message on a shared board. */
async function start() {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const requests = countRequests((request) => server.fetch(request));
  const connection = { baseUrl: server.url, token: server.token, fetch: requests.fetch };
  const registry = createRegistry();
  registry.define("counter", {
    description: "Counts, and notes it on a board.",
    state: counterState,
    async handler(ctx, wake) {
      const shared = await ctx.mkdb("board", board);
      for (const { key, payload } of wake.messages) {
        const n = (ctx.state.totals.get("all")?.n ?? 0) + 1;
        ctx.state.totals.upsert({ key: "all", n });
        shared.collections.notes.insert({ key, text: `${n}:${String(payload)}` });
      }
    },
  });
  const runner = createRunner({ ...connection, fetch: (request) => server.fetch(request), registry, id: "r" });
  await runner.start();
  onTestFinished(() => runner.stop());
  return { connection, requests, client: createClient({ ...connection, fetch: (r) => server.fetch(r) }) };
}

function Board({ last }: { readonly last?: number }) {
  const { phase, collections, atStart, loadOlder } = useSharedState("board", board, last === undefined ? {} : { last });
  if (phase.kind !== "ready") return phase.kind;
  if (!atStart && collections.notes.length > 0 && last === 2) queueMicrotask(loadOlder);
  return `${atStart ? "all " : "some "}${collections.notes.map(({ text }) => text).join(" ")}`;
}

function Counter() {
  const { phase, entity, collections, inbox } = useEntity("/counter/a", counterState, { waitMs: 0 });
  return `${phase.kind} ${entity?.tags["colour"] ?? "-"} ${collections.totals[0]?.n ?? 0}/${inbox.length}`;
}

test("[WB31] a shared state is waited for, shown live in the order of its log, and pages backwards from its end", async () => {
  const { connection, client } = await start();
  const environment = trackedEnvironment();
  const page = render({ ...connection, environment }, createElement(Board));
  expect(page.text()).toBe("");
  await client.spawn("counter", "a", { initialMessage: { payload: "first" } });
  await expect.poll(page.text, { timeout: 20_000 }).toBe("all 1:first");
  for (const payload of ["second", "third", "fourth"]) await client.send("/counter/a", { payload });
  await expect.poll(page.text, { timeout: 20_000 }).toBe("all 1:first 2:second 3:third 4:fourth");
  page.unmount();
  const tail = render({ ...connection, environment }, createElement(Board, { last: 2 }));
  await expect.poll(tail.text, { timeout: 20_000 }).toBe("all 1:first 2:second 3:third 4:fourth");
  tail.unmount();
});

test("[WB32] an entity is its record and its rows, live; one that is not there says so", async () => {
  const { connection, client } = await start();
  const environment = trackedEnvironment();
  const missing = render({ ...connection, environment }, createElement(Counter));
  await expect.poll(missing.text, { timeout: 20_000 }).toBe("missing - 0/0");
  missing.unmount();
  await client.spawn("counter", "a", { initialMessage: { payload: "first" } });
  const page = render({ ...connection, environment }, createElement(Counter));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("ready - 1/1");
  await client.setTag("/counter/a", "colour", "red");
  await client.send("/counter/a", { payload: "second" });
  await expect.poll(page.text, { timeout: 20_000 }).toBe("ready red 2/2");
  page.unmount();
});

test("[WB33] rows that do not fit their schema are left out, and rows keep their identity while nothing of them changes", async () => {
  const { connection, client } = await start();
  await client.spawn("counter", "a", { initialMessage: { payload: "first" } });
  const seen: unknown[] = [];
  const strict = { notes: { type: "note", schema: note.refine(({ text }) => !text.endsWith("bad")) } };
  const Rows = () => {
    const { collections } = useSharedState("board", strict);
    const [first] = collections.notes;
    if (first !== undefined && seen.at(-1) !== first) seen.push(first);
    return collections.notes.map(({ text }) => text).join(" ");
  };
  const page = render({ ...connection, environment: trackedEnvironment() }, createElement(Rows));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("1:first");
  for (const payload of ["bad", "good"]) await client.send("/counter/a", { payload });
  await expect.poll(page.text, { timeout: 20_000 }).toBe("1:first 3:good");
  // StrictMode opens a page twice: two folds at most, each with one object for the row.
  expect(seen.length).toBeLessThanOrEqual(2);
  page.unmount();
});

test("[WB34] what a hook opened is closed when its component goes: no connection and no timer is left, in StrictMode too", async () => {
  const { connection, requests, client } = await start();
  await client.spawn("counter", "a", { initialMessage: { payload: "first" } });
  const environment = trackedEnvironment();
  const page = render(
    { ...connection, environment },
    createElement("div", null, createElement(Board), " ", createElement(Counter)),
  );
  await expect.poll(page.text, { timeout: 20_000 }).toBe("all 1:first ready - 1/1");
  await expect.poll(requests.open, { timeout: 20_000 }).toBe(1);
  // One of the two goes, then the other comes back: never more than the one connection that all share.
  page.show(createElement(Board));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("all 1:first");
  page.show(createElement("div", null, createElement(Board), " ", createElement(Counter)));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("all 1:first ready - 1/1");
  await expect.poll(requests.open, { timeout: 20_000 }).toBe(1);
  page.unmount();
  await expect.poll(requests.open, { timeout: 20_000 }).toBe(0);
  await expect.poll(environment.waiting, { timeout: 20_000 }).toBe(0);
  expect(await client.readStream(sharedStateStream("board"), { last: 1 })).toMatchObject({ upToDate: true });
});
