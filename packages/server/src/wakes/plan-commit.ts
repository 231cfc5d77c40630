import {
  ENTITY_EVENTS,
  entityUrl,
  mainStream,
  parseOffset,
  SkeinError,
  type claimCommit,
  type ErrorCode,
} from "@skein/protocol";
import type { StreamInfo } from "@skein/store";
import type { z } from "zod";
import { agentPrincipal, changeEventOf, type Stamp } from "../entities/events.ts";
import { endedEntity, noEntity, type EntityRules } from "../entities/entity.ts";
import { addSend } from "../entities/plan-send.ts";
import { addSpawn, type SpawnOrder } from "../entities/plan-spawn.ts";
import { addTagChange, checkTags, mergeTags, type TagChange } from "../entities/plan-tags.ts";
import { pairId, type EntityRecord, type SubscriptionRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { projectIntoSession, sessionOf } from "../sessions/draft.ts";
import { parseResourceStream } from "../resources/address.ts";
import { planEnd } from "./plan-end.ts";
import { planWrites } from "./plan-writes.ts";
import { checkClaim, CLAIM_PRODUCER } from "./rules.ts";
import { notifyEnded, responseOf, runsOf } from "./runs.ts";

export type CommitBody = z.output<typeof claimCommit>;

export interface CommitOrder {
  readonly url: string;
  /** sha256 of the claim's id. */
  readonly hash: string;
  readonly body: CommitBody;
  /** By index of `body.sends`: sha256 of the idempotency key, if there is one. */
  readonly receipts: readonly (string | undefined)[];
  /** By entity URL: what came of asking the runners about spawns. */
  readonly admissions: ReadonlyMap<string, SpawnOrder | SkeinError>;
}

/** What was read besides records. */
export interface CommitSituation {
  readonly producer: { readonly epoch: number; readonly seq: number } | undefined;
  readonly main: StreamInfo | undefined;
  /** The streams that are written, and those of receivers of messages with an idempotency key. */
  readonly streams: ReadonlyMap<string, StreamInfo | undefined>;
  /** How many observations the entity has; only looked at when the commit declares some. */
  readonly observations: number;
  /** With `done` and `ack`: whether input lies between the acknowledged position and the head that was seen. */
  readonly newer: { readonly found: boolean; readonly head: number | undefined } | undefined;
  /** What runs that end in this commit have said before it. */
  readonly responses: ReadonlyMap<string, string>;
  readonly subscriptions: readonly SubscriptionRecord[];
}

export interface Refusal {
  readonly kind: "send" | "spawn";
  readonly to: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export type CommitPlan =
  | { readonly kind: "planned"; readonly refused: readonly Refusal[]; readonly more: boolean | undefined }
  /** This sequence number was applied before. */
  | { readonly kind: "duplicate" }
  | { readonly kind: "refused"; readonly error: SkeinError };

/** Everything a handler does, as one commit. Sends and spawns that cannot be carried out are reported, not fatal. */
export function planCommit(
  draft: Draft,
  order: CommitOrder,
  situation: CommitSituation,
  rules: EntityRules,
  now: number,
): CommitPlan {
  const { url, body } = order;
  const { producer } = situation;
  if (producer && producer.epoch === body.generation && producer.seq >= body.seq) return { kind: "duplicate" };
  const entity = draft.read("entities", url);
  if (!entity) return { kind: "refused", error: noEntity(url) };
  const wake = draft.read("wakes", url);
  const lost = checkClaim(wake, { hash: order.hash, generation: body.generation }, now);
  if (lost) return { kind: "refused", error: lost };
  if (entity.status === "killed" || !wake || !situation.main) return { kind: "refused", error: endedEntity(entity) };
  const expected = (producer?.epoch === body.generation ? producer.seq : 0) + 1;
  if (body.seq !== expected) return refuse("conflict", `The claim's next seq is ${expected}, and this is ${body.seq}.`);
  const ack = body.ack === undefined ? undefined : parseOffset(body.ack);
  if (body.ack !== undefined && (ack === undefined || ack > situation.main.head)) {
    return refuse("invalid_request", "`ack` is not an offset of the entity's stream.");
  }

  const lateEdit = planTaken(draft, url, { body, head: situation.main.head });
  if (lateEdit) return { kind: "refused", error: lateEdit };

  const stamp: Stamp = { principal: agentPrincipal(url), now };
  draft.fence(mainStream(url), { producer: { id: CLAIM_PRODUCER, epoch: body.generation, seq: body.seq } });
  const wrong = planWrites(draft, { entity, writes: body.writes, ...situation }, rules, stamp);
  if (wrong) return { kind: "refused", error: wrong };
  const change = tagChange(body.tags);
  const tooMany = checkTags(mergeTags(entity.tags, change));
  if (tooMany) return { kind: "refused", error: tooMany };
  const after = addTagChange(draft, entity, change, stamp);
  planRuns(draft, url, situation, now);
  projectSessions(draft, after, body, stamp);
  const refused = [...planSpawns(draft, order, rules, stamp), ...planSends(draft, order, situation, rules, stamp)];
  reportRefusals(draft, order, refused, stamp);
  return { kind: "planned", refused, more: planEnd(draft, order, { ack, situation }, stamp) };
}

/** The handler says which messages it does not handle yet, and has to know what became of those that it does. */
function planTaken(
  draft: Draft,
  url: string,
  { body, head }: { readonly body: CommitBody; readonly head: number },
): SkeinError | undefined {
  if (body.taken === undefined) return undefined;
  const wake = draft.read("wakes", url);
  const below = parseOffset(body.taken.below);
  const seen = parseOffset(body.taken.seen);
  if (!wake || below === undefined || seen === undefined || below > head) {
    return new SkeinError("invalid_request", "`taken` has no offsets of the entity's stream.");
  }
  if ((wake.edited ?? 0) > seen) {
    return new SkeinError("conflict", "A message was changed that the handler has not seen. Read on and try again.");
  }
  if (wake.taken === undefined || below > wake.taken) draft.write("wakes", url, { ...wake, taken: below });
  else draft.check("wakes", url);
  return undefined;
}

function tagChange(tags: CommitBody["tags"]): TagChange {
  return tags === undefined ? {} : { ...(tags.set && { set: tags.set }), ...(tags.remove && { remove: tags.remove }) };
}

/** Runs that begin are remembered; those that end are told to whoever asked. */
function planRuns(draft: Draft, url: string, situation: CommitSituation, now: number): void {
  const events = draft.events(mainStream(url));
  const { open, ended } = runsOf(events);
  const near = situation.main?.head ?? 0;
  for (const row of open) {
    const id = pairId(url, row.key);
    draft.write("runs", id, { entity: url, near: draft.read("runs", id)?.near ?? near, row });
  }
  const runs = ended.map((row) => {
    const id = pairId(url, row.key);
    if (draft.read("runs", id)) draft.remove("runs", id);
    return { row, response: (situation.responses.get(row.key) ?? "") + responseOf(row.key, events) };
  });
  notifyEnded(draft, url, { runs, subscriptions: situation.subscriptions }, now);
}

function projectSessions(draft: Draft, entity: EntityRecord, body: CommitBody, stamp: Stamp): void {
  const own = sessionOf(entity.tags);
  for (const { stream, events } of body.writes) {
    if (events.length === 0) continue;
    const main = stream === mainStream(entity.url);
    const id = main ? own : sessionIdOfStream(stream);
    if (id === undefined) continue;
    projectIntoSession(draft, { id, by: entity, of: main ? "coder" : "resource", events }, stamp);
  }
}

function planSpawns(draft: Draft, order: CommitOrder, rules: EntityRules, stamp: Stamp): Refusal[] {
  return order.body.spawns.flatMap((spawn): Refusal[] => {
    const to = entityUrl(spawn.type, spawn.id);
    const admitted = order.admissions.get(to) ?? spawnOrderOf(order.url, spawn);
    const outcome =
      admitted instanceof SkeinError
        ? ({ kind: "refused", error: admitted } as const)
        : addSpawn(draft, admitted, rules, stamp);
    if (outcome.kind !== "refused") return [];
    return [{ kind: "spawn", to, code: outcome.error.code, message: outcome.error.message }];
  });
}

/** A handler's children have it as their parent, and tell it of their runs if it wants that. */
export function spawnOrderOf(parent: string, spawn: CommitBody["spawns"][number]): SpawnOrder {
  const { wake, type, id, args, tags, initialMessage, dispatch } = spawn;
  return {
    type,
    id,
    parent,
    ...(args !== undefined && { args }),
    ...(tags && { tags }),
    ...(initialMessage && { initialMessage }),
    ...(wake && { wake: { subscriber: parent, includeResponse: true } }),
    ...(dispatch && { dispatch }),
  };
}

function planSends(
  draft: Draft,
  order: CommitOrder,
  situation: CommitSituation,
  rules: EntityRules,
  stamp: Stamp,
): Refusal[] {
  return order.body.sends.flatMap(({ to, message }, index) => {
    const receipt = order.receipts[index];
    const near = situation.streams.get(mainStream(to))?.head ?? 0;
    const request = { to, message, near, ...(receipt !== undefined && { receipt }) };
    const outcome = addSend(draft, request, rules, stamp);
    if (outcome.kind !== "refused") return [];
    return [{ kind: "send", to, code: outcome.error.code, message: outcome.error.message }];
  });
}

/** In the entity's own history, so that a message that could not be delivered does not vanish. */
function reportRefusals(draft: Draft, order: CommitOrder, refused: readonly Refusal[], stamp: Stamp): void {
  const { generation, seq } = order.body;
  const events = refused.map((refusal, index) => {
    const key = `refused:${generation}:${seq}:${index}`;
    return changeEventOf(ENTITY_EVENTS.error, key, "insert", { key, ...refusal }, stamp);
  });
  if (events.length > 0) draft.append(mainStream(order.url), events);
}

function refuse(code: ErrorCode, message: string): CommitPlan {
  return { kind: "refused", error: new SkeinError(code, message) };
}

function sessionIdOfStream(stream: string): string | undefined {
  const address = parseResourceStream(stream);
  return address?.session && address.part === "main"
    ? address.resource.slice(address.resource.indexOf("/") + 1)
    : undefined;
}
