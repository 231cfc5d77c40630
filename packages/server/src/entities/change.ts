import type { DispatchPolicy, Entity, signalRequest } from "@skein/protocol";
import { sessionStreams } from "@skein/sessions";
import type { z } from "zod";
import type { ServerContext } from "../context.ts";
import { memberKeys } from "../observers/members.ts";
import type { EntityRecord, WakeRecord } from "../records/collections.ts";
import { createDraft, type Draft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load, type SnapshotBuilder } from "../records/snapshot.ts";
import { sessionKeysOf, sessionOf } from "../sessions/draft.ts";
import { dropCheckpoints } from "../wakes/checkpoint.ts";
import { loadOpenRuns, loadSubscribers, loadSubscriptions } from "../wakes/load-run-end.ts";
import { forgetSchedules } from "../schedules/forget.ts";
import { waitingKeys } from "../wakes/waiting.ts";
import { addLane, laneOf, mayTake, onlineRunners } from "../wakes/lanes.ts";
import { endedEntity, noEntity, toEntity, writeEntity } from "./entity.ts";
import type { Stamp } from "./events.ts";
import { addKill } from "./plan-kill.ts";
import { addSignal } from "./plan-signal.ts";
import { addTagChange, checkTags, mergeTags, type TagChange } from "./plan-tags.ts";

/** With where it stands: whether somebody is there who may work on it, and who does. */
export async function getEntity(context: ServerContext, url: string): Promise<Entity> {
  const { store } = context;
  const record = await store.getRecord<EntityRecord>("entities", url);
  if (!record) throw noEntity(url);
  const entity = toEntity(record.value);
  if (entity.status === "killed") return entity;
  const { type, dispatch } = record.value;
  const online = await onlineRunners(context);
  const claim = (await store.getRecord<WakeRecord>("wakes", url))?.value.claim;
  const serves = online.some((one) => (dispatch ? mayTake(one, { type, dispatch }, online) : one.types.includes(type)));
  return { ...entity, placement: { online: serves, ...(claim && { runner: claim.holder }) } };
}

/** Lets other runners work on it. A claim that is held goes on. */
export async function changeDispatch(
  context: ServerContext,
  url: string,
  dispatch: DispatchPolicy | null,
  principal: string,
): Promise<Entity> {
  return changeEntity(context, url, principal, async ({ snapshot, entity }) => {
    const { dispatch: _, ...rest } = entity;
    const policy = dispatch ?? undefined;
    return (draft, stamp) => {
      const wake = snapshot.get("wakes", url)?.value;
      const changed: EntityRecord = { ...rest, ...(policy && { dispatch: policy }), updatedAt: stamp.now };
      addLane(draft, entity.type, policy);
      if (wake) draft.write("wakes", url, { ...wake, type: laneOf(entity.type, policy) });
      writeEntity(draft, changed, stamp);
      return changed;
    };
  });
}

export async function changeTags(
  context: ServerContext,
  url: string,
  change: TagChange,
  principal: string,
): Promise<Entity> {
  return changeEntity(context, url, principal, async ({ snapshot, entity }) => {
    const tags = mergeTags(entity.tags, change);
    const tooMany = checkTags(tags);
    if (tooMany) throw tooMany;
    await load(context.store, snapshot, [...sessionKeysOf(tags), ...memberKeys(entity, { ...entity, tags })]);
    return (draft, stamp) => addTagChange(draft, entity, change, stamp);
  });
}

export async function signal(
  context: ServerContext,
  url: string,
  order: z.output<typeof signalRequest>,
  principal: string,
): Promise<Entity> {
  const reason = order.reason === undefined ? {} : { reason: order.reason };
  if (order.signal === "kill") return kill(context, url, reason, principal);
  const { signal: name } = order;
  return changeEntity(context, url, principal, async ({ entity }) => {
    const key = context.rules.id();
    return (draft, stamp) => addSignal(draft, entity, { signal: name, key, ...reason }, stamp);
  });
}

/** Killing what is dead already changes nothing and is not an error. */
export async function kill(
  context: ServerContext,
  url: string,
  order: { readonly reason?: string },
  principal: string,
): Promise<Entity> {
  const { store } = context;
  const there = await getEntity(context, url);
  if (there.status === "killed") return there;
  const killed = await changeEntity(context, url, principal, async ({ snapshot, entity }) => {
    const waiting = waitingKeys(snapshot.get("wakes", url)?.value);
    await load(store, snapshot, [...sessionKeysOf(entity.tags), ...waiting, ...memberKeys(entity)]);
    const openRuns = await loadOpenRuns(store, snapshot, url);
    const subscribers = await loadSubscribers(store, snapshot, url);
    const subscribed = await loadSubscriptions(store, snapshot, { index: "bySubscriber", url });
    const session = sessionOf(entity.tags);
    const stream = session === undefined ? undefined : await store.getStream(sessionStreams(session).main);
    const sessionOpen = stream !== undefined && !stream.closed && !stream.deleted;
    const found = { ...order, openRuns, subscribers, subscribed, sessionOpen };
    return (draft, stamp) => addKill(draft, entity, found, stamp);
  });
  await dropCheckpoints(context, url);
  await forgetSchedules(context, url);
  return killed;
}

interface Loaded {
  readonly snapshot: SnapshotBuilder;
  readonly entity: EntityRecord;
}
type Change = (draft: Draft, stamp: Stamp) => EntityRecord;

/** Loads a living entity, lets `prepare` load what else it needs, and commits the change that it gives back. */
async function changeEntity(
  { store }: ServerContext,
  url: string,
  principal: string,
  prepare: (loaded: Loaded) => Promise<Change>,
): Promise<Entity> {
  return execute<Entity>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["entities", url],
      ["wakes", url],
    ]);
    const entity = snapshot.get("entities", url)?.value;
    if (!entity) return refused(noEntity(url));
    if (entity.status === "killed") return refused(endedEntity(entity));
    const change = await prepare({ snapshot, entity });
    const draft = createDraft(snapshot);
    const changed = change(draft, { principal, now: store.now() });
    const { operations } = draft.build();
    if (operations.length === 0) return { kind: "answer", answer: toEntity(changed) };
    return { kind: "commit", operations, answer: () => toEntity(changed) };
  });
}
