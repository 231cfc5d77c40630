import { ENTITY_EVENTS, mainStream, SkeinError, type Entity, type SignalRow } from "@skein/protocol";
import { CODER_RESOURCE_TAG, sessionIdOf } from "@skein/sessions";
import type { ServerContext } from "../context.ts";
import { endedEntity, noEntity, toEntity } from "../entities/entity.ts";
import { changeEventOf, type Stamp } from "../entities/events.ts";
import { entityParam } from "../entities/routes.ts";
import { json } from "../http/errors.ts";
import type { Route } from "../http/router.ts";
import type { WakeRecord } from "../records/collections.ts";
import { createDraft, type Draft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { readied } from "../wakes/rules.ts";
import { isHeld, waitingKeys } from "../wakes/waiting.ts";
import { changeDriver } from "./driver-lease.ts";

/** `POST /{type}/{id}/take-over`: a person gives the session's driver lease to this entity, whoever has it. */
export function takeOverRoutes(context: ServerContext): Route[] {
  return [
    {
      method: "POST",
      pattern: "/:type/:id/take-over",
      handle: async (route) => json(await takeOver(context, entityParam(route).url, route.principal)),
    },
  ];
}

/**
 * Ends the driver's turn where it is: its claim is revoked in the same commit that closes the turn in the history, so
 * nothing of it comes after the `takeover` row. It is told, so that its agent stops at once, and waits behind the one
 * that took over; what it still has to put in order it does then.
 */
export async function takeOver(context: ServerContext, url: string, principal: string): Promise<Entity> {
  const { store, streams, leaseMs } = context;
  const taken = await execute<{ readonly entity: Entity; readonly from?: string }>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["entities", url],
      ["wakes", url],
    ]);
    const entity = snapshot.get("entities", url)?.value;
    const wake = snapshot.get("wakes", url)?.value;
    if (!entity) return refused(noEntity(url));
    if (!wake) return refused(endedEntity(entity));
    const resource = entity.tags[CODER_RESOURCE_TAG] ?? "";
    const session = sessionIdOf(resource);
    await load(store, snapshot, [
      ["resources", resource],
      ["sessions", session ?? ""],
    ]);
    const from = snapshot.get("resources", resource)?.value.driver;
    if (session === undefined || from === undefined) {
      return refused(new SkeinError("not_found", `${url} has joined no session that could be taken over.`));
    }
    if (from === url) return { kind: "answer", answer: { entity: toEntity(entity) } };
    await load(store, snapshot, [["wakes", from]]);
    await load(store, snapshot, waitingKeys(snapshot.get("wakes", from)?.value));
    const stamp = { principal, now: store.now() };
    const draft = createDraft(snapshot);
    planTakeOver(draft, { url, from, resource, id: context.rules.id(), until: stamp.now + leaseMs }, stamp);
    const answer = { entity: toEntity(entity), from };
    return { kind: "commit", operations: draft.build().operations, answer: () => answer };
  });
  for (const one of [url, ...(taken.from === undefined ? [] : [taken.from])]) {
    await streams.subscriptions?.look(mainStream(one));
  }
  return taken.entity;
}

interface TakeOverOrder {
  readonly url: string;
  readonly from: string;
  readonly resource: string;
  readonly id: string;
  /** So long the lease is kept for the one that took over, until it has a claim. */
  readonly until: number;
}

function planTakeOver(draft: Draft, { url, from, resource, id, until }: TakeOverOrder, stamp: Stamp): void {
  changeDriver(draft, { resource, to: url, reason: `taken over by ${url}` }, stamp);
  const other = draft.read("wakes", from);
  const behind = other?.waiters?.filter((one) => one !== url) ?? [];
  if (other && isHeld(other, stamp.now)) {
    tell(draft, from, { id, by: url }, stamp);
    const { waiters: _, ...revoked } = readied(other, until);
    draft.write("wakes", from, { ...revoked, waitsFor: url });
    behind.push(from);
  } else if (other) {
    const { waiters: _, ...rest } = other;
    draft.write("wakes", from, rest);
  }
  for (const one of behind.filter((waiter) => waiter !== from)) {
    const waiting = draft.read("wakes", one);
    if (waiting?.waitsFor === from) draft.write("wakes", one, { ...waiting, waitsFor: url });
  }
  const wake = draft.read("wakes", url);
  if (wake) draft.write("wakes", url, reserved(wake, behind, { now: stamp.now, until }));
}

function reserved(
  wake: WakeRecord,
  behind: readonly string[],
  { now, until }: { readonly now: number; readonly until: number },
): WakeRecord {
  const { waitsFor: _, ...rest } = wake;
  const waiters = [...(rest.waiters ?? []), ...behind];
  // At work already, without the lease: it tries again when its claim ends.
  if (rest.state === "claimed") return { ...rest, waiters, reservedUntil: until, again: true };
  return { ...readied(rest, now), waiters, reservedUntil: until };
}

/** A signal like a person's: the agent stops at once, not only when its next write is refused. */
function tell(draft: Draft, url: string, { id, by }: { readonly id: string; readonly by: string }, stamp: Stamp): void {
  const row: SignalRow = {
    key: id,
    signal: "interrupt",
    from: stamp.principal,
    reason: `taken over by ${by}`,
    receivedAt: stamp.now,
  };
  draft.append(mainStream(url), [changeEventOf(ENTITY_EVENTS.signal, id, "insert", row, stamp)]);
}
