import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation, Store } from "../../store.ts";
import type { OpenedStore, StoreFactory } from "../fixture.ts";
import { decode, TestClock } from "../fixture.ts";
import type { Step } from "./arbitraries.ts";
import { GROUPS, PATHS, PRODUCERS, RECORDS, steps } from "./arbitraries.ts";
import { headOf, Model, visible } from "./model.ts";

const collections = { things: { indexes: { group: ["group", "rank"] } } };

/**
 * Random commits, some of them at the same time, against a simple model. A failure prints the smallest steps that show
 * it (unless `shrink` is false: where opening a store is dear, looking for them takes too long) and the seed to run
 * them again.
 */
export function runStoreProperties(
  name: string,
  factory: StoreFactory,
  options: { readonly runs: number; readonly shrink?: boolean },
): void {
  describe(`store properties: ${name}`, () => {
    test("[ST6] any sequence of commits, restarts and passing time comes out as in a simple model", async () => {
      const probe = await factory({ collections, now: new TestClock().now });
      const reopening = probe.reopen !== undefined;
      await probe.dispose();
      await fc.assert(
        fc.asyncProperty(steps(reopening), async (list) => {
          const clock = new TestClock();
          const opened = await factory({ collections, now: clock.now });
          try {
            await follow(opened, clock, list);
          } finally {
            await opened.dispose();
          }
        }),
        { numRuns: options.runs, seed: 4267, endOnFailure: options.shrink === false },
      );
    }, 300_000);
  });
}

async function follow(opened: OpenedStore, clock: TestClock, list: readonly Step[]): Promise<void> {
  const model = new Model(clock.now());
  let { store } = opened;
  for (const step of list) {
    switch (step.kind) {
      case "commits": {
        const outcomes = await Promise.all(step.commits.map((operations) => outcomeOf(store, operations)));
        expect(outcomes).toEqual(step.commits.map((operations) => model.commit(operations)));
        break;
      }
      case "advance":
        clock.advance(step.ms);
        model.now = clock.now();
        // What has come to its end is swept with the next commit.
        await (opened.swept ? opened.swept() : store.commit([]));
        model.sweep();
        break;
      case "reopen":
        if (opened.reopen) store = await opened.reopen();
        if (!opened.sharesEphemeral) model.forgetEphemeral();
        break;
    }
    await compare(store, model);
  }
}

async function outcomeOf(store: Store, operations: readonly Operation[]): Promise<string> {
  const outcome = await store.commit(operations);
  return outcome.kind === "committed" ? "committed" : `${outcome.operation} ${outcome.reason.kind}`;
}

async function compare(store: Store, model: Model): Promise<void> {
  for (const path of PATHS) await compareStream(store, model, path);
  for (const id of RECORDS) {
    const row = model.records.get(id);
    expect(await store.getRecord("things", id)).toEqual(row && { id, ...row });
  }
  for (const group of GROUPS)
    for (const bounds of [{}, { from: 1, below: 3 }, { descending: true }]) {
      const query = { collection: "things", index: "group", equals: [group], limit: 10, ...bounds };
      const page = await store.queryRecords(query);
      expect(page.records.map(({ id }) => id)).toEqual(model.query({ group, ...bounds }));
    }
  const listed = [...model.streams.values()].filter(({ deleted }) => !deleted).map(({ path }) => path);
  const paths = (await store.listStreams({ prefix: "", limit: 10 })).map(({ path }) => path);
  expect(paths).toEqual(listed.sort());
}

async function compareStream(store: Store, model: Model, path: string): Promise<void> {
  const known = model.streams.get(path);
  const info = await store.getStream(path);
  if (!known) {
    expect(info).toBeUndefined();
    return;
  }
  const { first, closed, deleted, expiresAt, streamSeq, contentType } = known;
  expect({ expiresAt: undefined, streamSeq: undefined, ...info }).toMatchObject({
    head: headOf(known),
    ephemeral: known.ephemeral !== undefined,
    first,
    closed,
    deleted,
    contentType,
    streamSeq,
    ...(!deleted && { expiresAt }),
  });
  if (deleted) {
    expect(await store.readStream(path, { last: 9 })).toMatchObject({ kind: "gone" });
    return;
  }
  for (const producer of PRODUCERS)
    expect(await store.getProducer(path, producer)).toEqual(known.producers.get(producer));
  const all = visible(known);
  const ranges = [
    { range: { from: first }, texts: all },
    { range: { last: 3 }, texts: all.slice(-3) },
    { range: { before: headOf(known) - 1, limit: 2 }, texts: all.slice(0, -1).slice(-2) },
    { range: { from: first + 1, limit: 2 }, texts: all.slice(1, 3) },
  ];
  for (const { range, texts } of ranges) {
    if ("before" in range && range.before < first) continue;
    const page = await store.readStream(path, range);
    expect(page.kind === "read" && page.messages.map(({ body }) => decode(body))).toEqual(texts);
  }
}
