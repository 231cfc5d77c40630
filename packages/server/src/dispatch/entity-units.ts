import { formatOffset, mainStream, parseEntityUrl, parseOffset, SkeinError, type ErrorCode } from "@skein/protocol";
import {
  refusal,
  type AckRequest,
  type AckResult,
  type EntityClaim,
  type EntityStanding,
  type EntityUnits,
  type Outcome,
  type Refusal,
} from "@skein/streams";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import type { WakeRecord } from "../records/collections.ts";
import { claimEntity, heartbeat } from "../wakes/claim.ts";
import { commitClaim } from "../wakes/commit.ts";
import { CLAIM_PRODUCER } from "../wakes/rules.ts";
import { entityOfInbox, entityOfSubscription, subscriptionIdOf } from "./entity-names.ts";

/**
 * Entities in the words of the protocol's subscriptions: the same claims as the runners', by the same rules, so a client
 * that speaks only the protocol and a runner may serve the same entities side by side. `context` is asked for late: the
 * streams that it holds are made with these units.
 */
export function createEntityUnits(context: () => ServerContext): EntityUnits {
  return {
    look: (path) => look(context(), path),
    waiting: (type) => waiting(context(), type),
    claim: (path, order) => claimInbox(context(), path, order),
    ack: (id, token, request) => ackEntity(context(), id, { token, request, done: request.done }),
    release: async (id, token, request) => {
      const without = { ...request, acks: [], done: true };
      const ended = await ackEntity(context(), id, { token, request: without, done: true });
      return ended.kind === "refused" ? ended : { kind: "done", value: undefined };
    },
  };
}

async function look({ store }: ServerContext, path: string): Promise<EntityStanding> {
  const url = entityOfInbox(path);
  const wake = url === undefined ? undefined : (await store.getRecord<WakeRecord>("wakes", url))?.value;
  if (url === undefined || wake?.claimableAt === undefined || isPlaced(wake)) return { kind: "idle" };
  if (wake.state === "claimed" && wake.claimableAt > store.now()) return { kind: "claimed", until: wake.claimableAt };
  const generation = wake.generation + 1;
  const offer = { id: subscriptionIdOf(url), generation, wakeId: wakeIdOf(url, generation) };
  return { kind: "ready", at: wake.claimableAt, offer };
}

/** It needs a runner or labels: a worker of the protocol has neither. */
function isPlaced({ entity, type }: WakeRecord): boolean {
  return parseEntityUrl(entity)?.type !== type;
}

const PAGE = 500;

async function* waiting({ store }: ServerContext, type: string): AsyncGenerator<readonly string[]> {
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<WakeRecord>({
      collection: "wakes",
      index: "due",
      equals: [type],
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    yield page.records.map(({ id }) => mainStream(id));
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** Takes an entity's claim, for the worker that names itself. */
export async function claimInbox(
  context: ServerContext,
  path: string,
  { worker, leaseMs = context.leaseMs }: { readonly worker: string; readonly leaseMs?: number },
): Promise<Outcome<EntityClaim>> {
  const url = entityOfInbox(path);
  const { store } = context;
  if (url === undefined) return noEntity(path);
  const wake = (await store.getRecord<WakeRecord>("wakes", url))?.value;
  if (wake && isPlaced(wake)) return refusal("NO_PENDING_WORK", `${url} is worked on by certain runners only.`);
  // A name of its own: a runner that registers anew gives back the claims under its id.
  const taken = await claimEntity({ ...context, leaseMs }, `worker:${worker}`, url);
  if (taken === undefined) return notClaimed(context, url);
  const { claimId, generation, from, entity } = taken;
  const stream = await store.getStream(path);
  return {
    kind: "done",
    value: {
      subscription_id: subscriptionIdOf(url),
      wake_id: wakeIdOf(url, generation),
      generation,
      token: claimId,
      streams: [
        {
          path,
          link_type: "explicit",
          acked_offset: from,
          tail_offset: formatOffset(stream?.head ?? 0),
          has_pending: true,
        },
      ],
      lease_ttl_ms: leaseMs,
      entity,
    },
  };
}

async function notClaimed({ store }: ServerContext, url: string): Promise<Refusal> {
  const wake = (await store.getRecord<WakeRecord>("wakes", url))?.value;
  if (wake === undefined) return noEntity(url);
  const now = store.now();
  if (wake.state === "claimed" && wake.claim !== undefined && wake.claim.leaseUntil > now) {
    const current_holder = wake.claim.holder.replace(/^worker:/, "");
    return refusal("ALREADY_CLAIMED", `${current_holder} has the lease.`, {
      current_holder,
      generation: wake.generation,
    });
  }
  const later = wake.claimableAt !== undefined && wake.claimableAt > now;
  return refusal("NO_PENDING_WORK", "There is nothing to do.", later ? { retry_after_ms: wake.claimableAt - now } : {});
}

/** One claim, one wake. */
export function wakeIdOf(url: string, generation: number): string {
  return `${subscriptionIdOf(url)}:${generation}`;
}

function noEntity(name: string): Refusal {
  return refusal("SUBSCRIPTION_NOT_FOUND", `There is no living entity ${name}.`);
}

const RACES = 10;

/** Acknowledges, renews or ends a claim, as a commit of the entity's own protocol. */
async function ackEntity(
  context: ServerContext,
  id: string,
  { token, request, done }: { readonly token: string; readonly request: AckRequest; readonly done: boolean },
): Promise<Outcome<AckResult>> {
  const url = entityOfSubscription(id);
  if (url === undefined) return noEntity(id);
  if (request.wake_id !== wakeIdOf(url, request.generation)) return refusal("FENCED", "This claim is over.");
  const position = await ackOf(context, url, request.acks);
  if (typeof position === "object") return position;
  const { generation } = request;
  try {
    if (position === undefined && !done) {
      await heartbeat(context, url, { hash: hashSecret(token), generation });
      return { kind: "done", value: { ok: true, next_wake: false } };
    }
    const more = await commitAck(context, url, { token, generation, position, done });
    return { kind: "done", value: { ok: true, next_wake: more } };
  } catch (error) {
    return asRefusal(error);
  }
}

/** The handler may be committing under the same claim: then the next number is the one after its. */
async function commitAck(
  context: ServerContext,
  url: string,
  order: {
    readonly token: string;
    readonly generation: number;
    readonly position: number | undefined;
    readonly done: boolean;
  },
): Promise<boolean> {
  const { token, generation, position, done } = order;
  for (let race = 0; ; race += 1) {
    const producer = await context.store.getProducer(mainStream(url), CLAIM_PRODUCER);
    const seq = (producer?.epoch === generation ? producer.seq : 0) + 1;
    try {
      const answer = await commitClaim(context, url, {
        claimId: token,
        generation,
        seq,
        writes: [],
        sends: [],
        spawns: [],
        ...(position !== undefined && { ack: formatOffset(position) }),
        done,
      });
      if (!answer.duplicate) {
        if (!done) await heartbeat(context, url, { hash: hashSecret(token), generation });
        return answer.more ?? false;
      }
    } catch (error) {
      const raced = error instanceof SkeinError && error.code === "conflict";
      if (!raced || race >= RACES) throw error;
    }
    if (race >= RACES) throw new SkeinError("conflict", "The handler commits all the time. Try again.");
  }
}

async function ackOf(
  { store }: ServerContext,
  url: string,
  acks: AckRequest["acks"],
): Promise<number | undefined | Refusal> {
  if (acks.length === 0) return undefined;
  const main = mainStream(url);
  const wake = (await store.getRecord<WakeRecord>("wakes", url))?.value;
  const head = (await store.getStream(main))?.head ?? 0;
  let position = wake?.acked ?? 0;
  for (const { stream, path, offset } of acks) {
    if ((stream ?? path) !== main) return refusal("INVALID_OFFSET", `${stream ?? path} is not a stream of this claim.`);
    const to = offset === "-1" ? 0 : parseOffset(offset);
    if (to === undefined || to < position || to > head) {
      return refusal("INVALID_OFFSET", `${offset} is not between what was acknowledged before and the stream's end.`);
    }
    position = to;
  }
  return position;
}

const LOST: ReadonlySet<ErrorCode> = new Set(["fenced", "entity_ended", "not_found"]);

function asRefusal(error: unknown): Refusal {
  if (!(error instanceof SkeinError)) throw error;
  if (LOST.has(error.code)) return refusal("FENCED", error.message);
  if (error.code === "conflict") return refusal("CONFLICT", error.message);
  throw error;
}
