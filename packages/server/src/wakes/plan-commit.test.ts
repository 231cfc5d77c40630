import { claimCommit, formatOffset } from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import { expect, test } from "vitest";
import { createDraft } from "../records/draft.ts";
import { row } from "../testing/fixture.ts";
import { countingRules, entityRecord, idleWake, planWorld, type PlanWorld } from "../testing/plan-world.ts";
import { planCommit, type CommitPlan, type CommitSituation } from "./plan-commit.ts";
import { claimed } from "./rules.ts";

const URL = "/hello/a";
const MAIN = `${URL}/main`;
const NOW = 1000;

const stream = (path: string, head: number): StreamInfo => ({
  path,
  id: 1,
  contentType: "application/json",
  head,
  first: 0,
  closed: false,
  deleted: false,
  createdAt: 1,
  ephemeral: false,
});

function claimedWorld(): PlanWorld {
  const world = planWorld();
  world.put("entities", URL, entityRecord(URL, { status: "running" }));
  world.put("wakes", URL, claimed(idleWake(URL), { hash: "h", holder: "r", leaseUntil: NOW + 1 }));
  world.absent("types", "hello");
  return world;
}

function plan(world: PlanWorld, body: object, more: Partial<CommitSituation> = {}) {
  const draft = createDraft(world);
  const parsed = claimCommit.parse({ claimId: "secret", generation: 1, seq: 1, ...body });
  const receipts = parsed.sends.map(() => undefined);
  const situation: CommitSituation = {
    producer: { epoch: 1, seq: 0 },
    main: stream(MAIN, 4),
    streams: new Map([[MAIN, stream(MAIN, 4)]]),
    newer: undefined,
    responses: new Map(),
    subscriptions: [],
    observations: 0,
    ...more,
  };
  const order = { url: URL, hash: "h", body: parsed, receipts, admissions: new Map() };
  const outcome: CommitPlan = planCommit(draft, order, situation, countingRules(), NOW);
  return { outcome, operations: draft.build().operations };
}

test("[WK6] a commit is fenced by its first operation, even when it writes nothing", () => {
  const { outcome, operations } = plan(claimedWorld(), {});
  expect(outcome).toEqual({ kind: "planned", refused: [], more: undefined });
  expect(operations).toEqual([
    { kind: "append", path: MAIN, messages: [], producer: { id: "claim", epoch: 1, seq: 1 } },
  ]);
});

test("[WK7] what the producer has seen is a duplicate before anything is judged", () => {
  const world = claimedWorld();
  world.put("wakes", URL, idleWake(URL));
  const seen = { producer: { epoch: 1, seq: 2 } };
  expect(plan(world, { seq: 2 }, seen)).toEqual({ outcome: { kind: "duplicate" }, operations: [] });
  expect(plan(world, { seq: 3 }, seen).outcome).toMatchObject({ kind: "refused", error: { code: "fenced" } });
  expect(plan(claimedWorld(), { seq: 4 }, seen).outcome).toMatchObject({ error: { code: "conflict" } });
});

test("[WK12] an end that found nothing holds only while the stream is as it was seen", () => {
  const done = { done: true, ack: formatOffset(4) };
  const idle = plan(claimedWorld(), done, { newer: { found: false, head: 4 } });
  expect(idle.outcome).toMatchObject({ more: false });
  expect(idle.operations[0]).toMatchObject({ expectedHead: 4 });
  expect(idle.operations).toContainEqual(
    expect.objectContaining({ collection: "wakes", value: expect.objectContaining({ state: "idle", acked: 4 }) }),
  );
  const ready = plan(claimedWorld(), done, { newer: { found: true, head: undefined } });
  expect(ready.outcome).toMatchObject({ more: true });
  expect(ready.operations[0]).not.toHaveProperty("expectedHead");
  expect(ready.operations).toContainEqual(
    expect.objectContaining({
      collection: "wakes",
      value: expect.objectContaining({ state: "ready", claimableAt: NOW }),
    }),
  );
});

test("[WK12] a message to oneself is input for the next claim", () => {
  const sends = [{ to: URL, message: { payload: "again" } }];
  const body = { done: true, ack: formatOffset(4), sends };
  expect(plan(claimedWorld(), body, { newer: { found: false, head: 4 } }).outcome).toMatchObject({ more: true });
});

test("[WK9] a refused commit plans nothing that would be written", () => {
  const { outcome } = plan(claimedWorld(), { writes: [{ stream: MAIN, events: [row("inbox", "k", {})] }] });
  expect(outcome).toMatchObject({ kind: "refused", error: { code: "forbidden" } });
});

test("[WK4] a commit after the lease's end is fenced", () => {
  const world = claimedWorld();
  world.put("wakes", URL, claimed(idleWake(URL), { hash: "h", holder: "r", leaseUntil: NOW }));
  expect(plan(world, {}).outcome).toMatchObject({ kind: "refused", error: { code: "fenced" } });
});
