import {
  ENTITY_EVENTS,
  entityUrl,
  formatOffset,
  mainStream,
  parseEntityUrl,
  parseOffset,
  type ClaimCommitResult,
  type SkeinError,
} from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { hashSecret } from "../auth/secrets.ts";
import { sendKeys } from "../entities/plan-send.ts";
import { spawnKeys } from "../entities/plan-spawn.ts";
import { admitSpawn } from "../entities/spawn.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused, type Plan } from "../records/execute.ts";
import { createSnapshot, load, type RecordKey, type SnapshotBuilder } from "../records/snapshot.ts";
import { parseResourceStream } from "../resources/address.ts";
import { sessionKeysOf } from "../sessions/draft.ts";
import { loadSubscribers } from "./load-run-end.ts";
import {
  isInput,
  planCommit,
  spawnOrderOf,
  type CommitBody,
  type CommitOrder,
  type CommitSituation,
} from "./plan-commit.ts";
import { writeKeys } from "./plan-writes.ts";
import { readEvents } from "./read-events.ts";
import { CLAIM_PRODUCER } from "./rules.ts";
import { responseOf, runsOf } from "./runs.ts";

/** After so many lost races a claim's end stops looking whether input waits, and says that it does. */
const PATIENCE = 10;

/** Carries out a handler's commit. */
export async function commitClaim(context: ServerContext, url: string, body: CommitBody): Promise<ClaimCommitResult> {
  const order: CommitOrder = {
    url,
    body,
    hash: hashSecret(body.claimId),
    receipts: body.sends.map(({ message }) => message.idempotencyKey && hashSecret(message.idempotencyKey)),
    notAdmitted: await admitAll(context, url, body),
  };
  let attempts = 0;
  return execute(context.store, async () => {
    attempts += 1;
    return attempt(context, order, attempts > PATIENCE);
  });
}

async function attempt(
  context: ServerContext,
  order: CommitOrder,
  impatient: boolean,
): Promise<Plan<ClaimCommitResult>> {
  const { store } = context;
  const snapshot = createSnapshot();
  const situation = await loadSituation(context, snapshot, order, impatient);
  const draft = createDraft(snapshot);
  const plan = planCommit(draft, order, situation, context.rules, store.now());
  const written = new Set([mainStream(order.url), ...order.body.writes.map(({ stream }) => stream)]);
  const tailsNow = (): Record<string, string> =>
    Object.fromEntries([...written].map((path) => [path, formatOffset(situation.streams.get(path)?.head ?? 0)]));
  switch (plan.kind) {
    case "refused":
      return refused(plan.error);
    case "duplicate": {
      const more = order.body.done ? { more: snapshot.get("wakes", order.url)?.value.state === "ready" } : {};
      return { kind: "answer", answer: { tails: tailsNow(), duplicate: true, ...more } };
    }
    case "planned": {
      const commit = draft.build();
      return {
        kind: "commit",
        operations: commit.operations,
        answer: (results) => ({
          tails: {
            ...tailsNow(),
            ...Object.fromEntries(
              commit.paths
                .filter((path) => written.has(path))
                .map((path) => [path, formatOffset(commit.appended(path, results).stream.head)]),
            ),
          },
          duplicate: false,
          ...(plan.more !== undefined && { more: plan.more }),
          ...(plan.refused.length > 0 && { refused: [...plan.refused] }),
        }),
      };
    }
  }
}

async function loadSituation(
  context: ServerContext,
  snapshot: SnapshotBuilder,
  order: CommitOrder,
  impatient: boolean,
): Promise<CommitSituation> {
  const { store } = context;
  const { url, body } = order;
  const main = mainStream(url);
  await load(store, snapshot, keysOf(order));
  // Known only now: the session that the entity's tags point at, and who drives the resources.
  const tags = { ...snapshot.get("entities", url)?.value.tags, ...body.tags?.set };
  await load(store, snapshot, [...sessionKeysOf(tags), ...driverKeys(snapshot, body)]);

  const keyed = body.sends.filter(({ message }) => message.idempotencyKey !== undefined);
  const paths = new Set([main, ...body.writes.map(({ stream }) => stream), ...keyed.map(({ to }) => mainStream(to))]);
  const infos = await Promise.all([...paths].map(async (path) => [path, await store.getStream(path)] as const));
  const streams = new Map<string, StreamInfo | undefined>(infos);
  const own = body.writes.filter(({ stream }) => stream === main).flatMap(({ events }) => events);
  const { ended } = runsOf(own);
  const subscriptions = ended.length > 0 ? await loadSubscribers(store, snapshot, url) : [];
  const responses = new Map<string, string>();
  if (subscriptions.length > 0) {
    for (const { key } of ended) responses.set(key, await readResponse(context, snapshot, url, key));
  }
  return {
    producer: await store.getProducer(main, CLAIM_PRODUCER),
    main: streams.get(main),
    streams,
    newer: body.done && body.ack !== undefined ? await findNewer(context, main, body.ack, impatient) : undefined,
    responses,
    subscriptions,
  };
}

function keysOf({ url, body, receipts }: CommitOrder): RecordKey[] {
  const type = parseEntityUrl(url)?.type ?? "";
  const main = mainStream(url);
  const runs = runsOf(body.writes.filter(({ stream }) => stream === main).flatMap(({ events }) => events));
  return [
    ["entities", url],
    ["wakes", url],
    ["types", type],
    ...[...runs.open, ...runs.ended].map(({ key }): RecordKey => ["runs", `${url} ${key}`]),
    ...writeKeys(url, body.writes),
    ...body.writes.flatMap(({ stream }): RecordKey[] => {
      const address = parseResourceStream(stream);
      return address?.session ? [["sessions", address.resource.slice(address.resource.indexOf("/") + 1)]] : [];
    }),
    ...body.sends.flatMap(({ to }, index) => sendKeys(to, receipts[index])),
    ...body.spawns.flatMap((spawn) => spawnKeys(spawnOrderOf(url, spawn))),
  ];
}

function driverKeys(snapshot: SnapshotBuilder, body: CommitBody): RecordKey[] {
  return body.writes.flatMap(({ stream }): RecordKey[] => {
    const address = parseResourceStream(stream);
    if (!address?.session) return [];
    const driver = snapshot.get("resources", address.resource)?.value.driver;
    return driver === undefined ? [] : [["wakes", driver]];
  });
}

/** Whether input lies behind the acknowledged position, and the head up to which that was judged. */
async function findNewer(
  context: ServerContext,
  main: string,
  ack: string,
  impatient: boolean,
): Promise<{ found: boolean; head: number | undefined }> {
  if (impatient) return { found: true, head: undefined };
  let head: number | undefined;
  for await (const page of readEvents(context.store, main, parseOffset(ack) ?? 0)) {
    head = page.head;
    if (page.events.some(({ event }) => isInput(event))) return { found: true, head: undefined };
  }
  return { found: false, head };
}

/** The text of one run so far: read from where it began, never from the beginning of the history. */
async function readResponse(
  context: ServerContext,
  snapshot: SnapshotBuilder,
  url: string,
  runKey: string,
): Promise<string> {
  const open = snapshot.get("runs", `${url} ${runKey}`)?.value;
  if (!open) return "";
  let text = "";
  for await (const { events } of readEvents(context.store, mainStream(url), open.near)) {
    text += responseOf(
      runKey,
      events.map(({ event }) => event).filter(({ type }) => type === ENTITY_EVENTS.runText),
    );
  }
  return text;
}

/** Asks the runners about spawns whose type wants it, before anything is made. */
async function admitAll(context: ServerContext, url: string, body: CommitBody): Promise<Map<string, SkeinError>> {
  const answers = await Promise.all(
    body.spawns.map(async (spawn) => {
      const error = await admitSpawn(context, spawnOrderOf(url, spawn));
      return error ? ([entityUrl(spawn.type, spawn.id), error] as const) : undefined;
    }),
  );
  return new Map(answers.filter((answer) => answer !== undefined));
}
