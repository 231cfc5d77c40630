import type { ChangeEvent, claimCommit, ClaimCommitResult, ErrorCode } from "@skein/protocol";
import { ENTITY_EVENTS, entityUrl, mainStream, parseOffset, SkeinError } from "@skein/protocol";
import type { z } from "zod";
import { requireClaim, setStatus } from "./dispatch.ts";
import { changeTags, checkTags, mergedTags, send, spawn } from "./entities.ts";
import { declareObservation, judgeObservations } from "./observe.ts";
import { settleRuns } from "./runs.ts";
import type { FakeEntity, FakeState, Stamp, Wake } from "./state.ts";
import { agentPrincipal, eventOf, makeStream, stamped, tell } from "./state.ts";
import { acknowledged, released } from "./wake.ts";
import { declaredId, judgeWrites } from "./writes.ts";

export type CommitBody = z.output<typeof claimCommit>;
type Refusal = { kind: "send" | "spawn"; to: string; code: ErrorCode; message: string };

const INPUT: ReadonlySet<string> = new Set([ENTITY_EVENTS.inbox, ENTITY_EVENTS.wake, ENTITY_EVENTS.signal]);

/** Everything a handler does, at once. `notAdmitted`: spawns that the runner refused when it was asked. */
export function commitClaim(
  state: FakeState,
  url: string,
  { body, notAdmitted }: { readonly body: CommitBody; readonly notAdmitted: ReadonlyMap<string, SkeinError> },
): ClaimCommitResult {
  const before = state.entities.get(url);
  if (before?.wake?.generation === body.generation && before.seq >= body.seq) {
    return {
      tails: tailsOf(state, url, body),
      duplicate: true,
      ...(body.done && { more: before.wake.state === "ready" }),
    };
  }
  const entity = requireClaim(state, url, body);
  if (body.seq !== entity.seq + 1) {
    throw new SkeinError("conflict", `The claim's next seq is ${entity.seq + 1}, and this is ${body.seq}.`);
  }
  const main = makeStream(state, mainStream(url));
  const ack = body.ack === undefined ? undefined : parseOffset(body.ack);
  if (body.ack !== undefined && (ack === undefined || ack > main.events.length)) {
    throw new SkeinError("invalid_request", "`ack` is not an offset of the entity's stream.");
  }
  const own = body.writes.filter(({ stream }) => stream === main.path).flatMap(({ events }) => events);
  judgeObservations(entity, own);
  judgeTaken(entity, body.taken);
  judgeWrites(state, entity, body.writes);
  checkTags(mergedTags(entity.entity.tags, body.tags ?? {}));

  // From here on nothing can be refused any more: it is all done, or it was all judged above.
  const stamp: Stamp = { principal: agentPrincipal(url), now: state.clock.now() };
  entity.seq = body.seq;
  if (body.taken) entity.taken = parseOffset(body.taken.below);
  applyWrites(state, entity, body, stamp);
  if (body.tags) changeTags(state, url, body.tags, stamp);
  settleRuns(state, entity, own);
  const refused = [...spawnAll(state, url, body, notAdmitted, stamp), ...sendAll(state, body, stamp)];
  reportRefusals(state, url, body, refused, stamp);
  const more = endOf(state, entity, { ack, done: body.done });
  tell(state);
  return {
    tails: tailsOf(state, url, body),
    duplicate: false,
    ...(more !== undefined && { more }),
    ...(refused.length > 0 && { refused }),
  };
}

/** Messages in front of `below` are being handled, as they were when the handler had read up to `seen`. */
function judgeTaken({ edited }: FakeEntity, taken: CommitBody["taken"]): void {
  if (!taken) return;
  const below = parseOffset(taken.below);
  const seen = parseOffset(taken.seen);
  if (below === undefined || seen === undefined) throw new SkeinError("invalid_request", "`taken` has no offsets.");
  if (edited !== undefined && edited > seen) {
    throw new SkeinError("conflict", "Messages have been changed meanwhile. Read on, and try again.");
  }
}

function applyWrites(state: FakeState, entity: FakeEntity, { writes }: CommitBody, stamp: Stamp): void {
  const main = mainStream(entity.entity.url);
  const inOrder = [
    ...writes.filter(({ stream }) => stream === main),
    ...writes.filter(({ stream }) => stream !== main),
  ];
  for (const { stream, events } of inOrder) {
    if (stream === main) for (const event of events) declare(state, entity, event);
    makeStream(state, stream).append(events.map((event) => stamped(event, stamp)));
  }
}

function declare(state: FakeState, entity: FakeEntity, event: ChangeEvent): void {
  declareObservation(state, entity, event);
  const id = event.type === ENTITY_EVENTS.manifest ? declaredId(event) : undefined;
  if (id === undefined) return;
  if (event.headers.operation === "delete") entity.links.delete(id);
  else entity.links.add(id);
}

function spawnAll(
  state: FakeState,
  url: string,
  { spawns }: CommitBody,
  notAdmitted: ReadonlyMap<string, SkeinError>,
  stamp: Stamp,
): Refusal[] {
  return spawns.flatMap(({ wake, ...order }) => {
    const to = entityUrl(order.type, order.id);
    return refusalOf("spawn", to, () => {
      const error = notAdmitted.get(to);
      if (error) throw error;
      const subscription = wake === true ? { wake: { subscriber: url, includeResponse: true } } : {};
      spawn(state, { ...order, parent: url, ...subscription }, stamp);
    });
  });
}

function sendAll(state: FakeState, { sends }: CommitBody, stamp: Stamp): Refusal[] {
  return sends.flatMap(({ to, message }) => refusalOf("send", to, () => void send(state, to, message, stamp)));
}

function refusalOf(kind: Refusal["kind"], to: string, attempt: () => void): Refusal[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof SkeinError)) throw error;
    return [{ kind, to, code: error.code, message: error.message }];
  }
}

/** In the entity's own history, so that a message that could not be delivered does not vanish. */
function reportRefusals(
  state: FakeState,
  url: string,
  { generation, seq }: CommitBody,
  refused: readonly Refusal[],
  stamp: Stamp,
): void {
  const events = refused.map((refusal, index) => {
    const key = `refused:${generation}:${seq}:${index}`;
    return eventOf(ENTITY_EVENTS.error, { key, operation: "insert", value: { key, ...refusal } }, stamp);
  });
  makeStream(state, mainStream(url)).append(events);
}

/** Acknowledges, and releases the claim. Answers whether more input waits, when it was released. */
function endOf(
  state: FakeState,
  entity: FakeEntity & { wake: Wake },
  { ack, done }: { readonly ack: number | undefined; readonly done: boolean },
): boolean | undefined {
  if (ack !== undefined) entity.wake = acknowledged(entity.wake, ack);
  if (!done) return undefined;
  const { events } = makeStream(state, mainStream(entity.entity.url));
  const more = ack === undefined || events.slice(ack).some(({ type }) => INPUT.has(type));
  const { held } = entity.wake;
  entity.wake = released(entity.wake, more, state.clock.now());
  setStatus(state, entity, held ?? "idle");
  return more;
}

function tailsOf(state: FakeState, url: string, { writes }: CommitBody): Record<string, string> {
  const written = new Set([mainStream(url), ...writes.map(({ stream }) => stream)]);
  return Object.fromEntries([...written].map((path) => [path, makeStream(state, path).head]));
}
