import { ENTITY_EVENTS, mainStream, parseEntityUrl, parseOffset } from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { sendKeys } from "../entities/plan-send.ts";
import { spawnKeys } from "../entities/plan-spawn.ts";
import { MAX_OBSERVATIONS, observationsIn, pathOfEvent } from "../observers/declare.ts";
import { memberKeys } from "../observers/members.ts";
import { load, type RecordKey, type SnapshotBuilder } from "../records/snapshot.ts";
import { parseResourceStream } from "../resources/address.ts";
import { sessionKeysOf } from "../sessions/draft.ts";
import { loadSubscribers } from "./load-run-end.ts";
import { spawnOrderOf, type CommitBody, type CommitOrder, type CommitSituation } from "./plan-commit.ts";
import { isInput } from "./plan-end.ts";
import { writeKeys } from "./plan-writes.ts";
import { readEvents } from "./read-events.ts";
import { CLAIM_PRODUCER } from "./rules.ts";
import { waitingKeys } from "./waiting.ts";
import { responseOf, runsOf } from "./runs.ts";

/** Reads everything that a commit's plan looks at. */
export async function loadSituation(
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
  const entity = snapshot.get("entities", url)?.value;
  const tags = { ...entity?.tags, ...body.tags?.set };
  const own = body.writes.filter(({ stream }) => stream === main).flatMap(({ events }) => events);
  const { ended } = runsOf(own);
  // Sets are told of changed tags and of runs that end.
  const sets = body.tags || ended.length > 0 ? memberKeys(entity, entity && { ...entity, tags }) : [];
  const waiting = body.done ? waitingKeys(snapshot.get("wakes", url)?.value) : [];
  await load(store, snapshot, [...sessionKeysOf(tags), ...driverKeys(snapshot, body), ...waiting, ...sets]);

  const keyed = body.sends.filter(
    ({ message: { idempotencyKey, at, afterMs } }) => (idempotencyKey ?? at ?? afterMs) !== undefined,
  );
  const declared = observationsIn(own);
  const paths = new Set([
    main,
    ...body.writes.map(({ stream }) => stream),
    ...keyed.map(({ to }) => mainStream(to)),
    ...declared.flatMap((event) => pathOfEvent(event) ?? []),
  ]);
  const infos = await Promise.all([...paths].map(async (path) => [path, await store.getStream(path)] as const));
  const streams = new Map<string, StreamInfo | undefined>(infos);
  const subscriptions = ended.length > 0 ? await loadSubscribers(store, snapshot, url) : [];
  const responses = new Map<string, string>();
  if (subscriptions.length > 0) {
    for (const { key } of ended) responses.set(key, await readResponse(context, snapshot, url, key));
  }
  return {
    producer: await store.getProducer(main, CLAIM_PRODUCER),
    main: streams.get(main),
    streams,
    observations: declared.length > 0 ? await countObservations(store, url) : 0,
    newer: body.done && body.ack !== undefined ? await findNewer(context, main, body.ack, impatient) : undefined,
    responses,
    subscriptions,
  };
}

async function countObservations(store: ServerContext["store"], url: string): Promise<number> {
  const limit = MAX_OBSERVATIONS + 1;
  const query = { collection: "observers", index: "bySubscriber", equals: [url], limit };
  return (await store.queryRecords(query)).records.length;
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
