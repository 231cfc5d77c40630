import type { Claim, EntityStatus, MemberFacts } from "@skein/protocol";
import { DIRECTORY_STREAM, formatOffset, mainStream, SkeinError } from "@skein/protocol";
import { failRuns } from "./runs.ts";
import type { FakeEntity, FakeState, Stamp, Wake } from "./state.ts";
import { agentPrincipal, eventOf, isLiving, makeStream, tell } from "./state.ts";
import { readied } from "./wake.ts";

type Entity = FakeEntity["entity"];

/** Whose work is taken. */
export interface Serves {
  readonly may: (entity: Entity) => boolean;
}

/** The entity that has been claimable longest. */
export function nextDue(state: FakeState, { may }: Serves): { at: number; url: string } | undefined {
  let found: { at: number; url: string } | undefined;
  for (const { entity, wake } of state.entities.values()) {
    const at = wake?.claimableAt;
    if (at === undefined || (found !== undefined && at >= found.at)) continue;
    if (may(entity)) found = { at, url: entity.url };
  }
  return found;
}

export function claimNext(state: FakeState, holder: string, serves: Serves): Claim | undefined {
  const next = nextDue(state, serves);
  if (!next || next.at > state.clock.now()) return undefined;
  const found = state.entities.get(next.url);
  return found && isLiving(found) ? claim(state, found, holder) : undefined;
}

/** Takes the claim: the generation rises, and runs that a lost handler left open are ended. */
function claim(state: FakeState, entity: FakeEntity & { wake: Wake }, holder: string): Claim {
  const now = state.clock.now();
  failRuns(state, entity, "The handler was lost in the middle of this run.");
  const { claimableAt: _, ...wake } = entity.wake;
  const id = `claim-${state.newId()}`;
  const generation = wake.generation + 1;
  const leaseUntil = now + state.leaseMs;
  const held = { id, holder, leaseUntil };
  entity.wake = {
    ...wake,
    state: "claimed",
    generation,
    attempts: wake.attempts + 1,
    claimableAt: leaseUntil,
    claim: held,
  };
  Object.assign(entity, { seq: 0, taken: undefined, edited: undefined });
  setStatus(state, entity, "running");
  const from = formatOffset(wake.acked);
  return { kind: "claim", entity: shownEntity(entity), claimId: id, generation, leaseMs: state.leaseMs, from };
}

export interface ClaimRef {
  readonly claimId: string;
  readonly generation: number;
}

/** The entity, if the claim holds; throws `fenced`. */
export function requireClaim(state: FakeState, url: string, ref: ClaimRef): FakeEntity & { wake: Wake } {
  const lost = (why: string): SkeinError => new SkeinError("fenced", `This claim no longer holds: ${why}.`);
  const entity = state.entities.get(url);
  if (!entity || !isLiving(entity)) throw lost("the entity has ended");
  const { wake } = entity;
  if (wake.state !== "claimed" || wake.claim === undefined || wake.generation !== ref.generation)
    throw lost("it was ended or taken over");
  if (wake.claim.id !== ref.claimId) throw lost("its secret is another");
  if (wake.claim.leaseUntil <= state.clock.now()) throw lost("its lease ran out");
  return entity;
}

export function heartbeat(state: FakeState, url: string, ref: ClaimRef): { leaseMs: number } {
  const entity = requireClaim(state, url, ref);
  const { claimableAt: _, claim: held, ...rest } = entity.wake;
  const leaseUntil = state.clock.now() + state.leaseMs;
  entity.wake = {
    ...rest,
    ...(held && { claim: { ...held, leaseUntil } }),
    ...(rest.held === undefined && { claimableAt: leaseUntil }),
  };
  return { leaseMs: state.leaseMs };
}

/** Gives back every claim for which `when` holds, as if it had never been made. */
export function giveBack(state: FakeState, when: (wake: Wake, url: string) => boolean): void {
  for (const entity of state.entities.values()) {
    const { wake } = entity;
    if (wake?.state !== "claimed" || !when(wake, entity.entity.url)) continue;
    entity.wake = readied(wake, state.clock.now());
    setStatus(state, entity, wake.held ?? "idle");
  }
  tell(state);
}

export function setStatus(state: FakeState, entity: FakeEntity, status: EntityStatus, by?: Stamp): void {
  if (entity.entity.status === status) return;
  const now = state.clock.now();
  entity.entity = { ...entity.entity, status, updatedAt: now };
  announce(state, entity, by ?? { principal: agentPrincipal(entity.entity.url), now });
}

/** For those who observe sets: an entity came (no `before`), changed its tags, or is no more. */
export function noteMember(state: FakeState, { entity }: FakeEntity, before: Entity | undefined, by: string): void {
  const facts = ({ type, tags, parent, status }: Entity): MemberFacts => ({ type, tags, parent, status });
  state.facts.push({ url: entity.url, before: before && facts(before), after: facts(entity), by });
}

/** Tells those who follow the directory. */
export function announce(state: FakeState, entity: FakeEntity, stamp: Stamp): void {
  const value = shownEntity(entity);
  makeStream(state, DIRECTORY_STREAM).append([
    eventOf("entity", { key: value.url, operation: "upsert", value }, stamp),
  ]);
}

export function shownEntity({ entity }: FakeEntity): Claim["entity"] {
  return { ...structuredClone(entity), streams: { main: mainStream(entity.url) } };
}
