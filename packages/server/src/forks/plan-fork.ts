import {
  ENTITY_EVENTS,
  entityUrl,
  formatOffset,
  mainStream,
  sharedStateStream,
  SkeinError,
  type ChangeEvent,
  type ForkRequest,
  type Tags,
} from "@skein/protocol";
import { sessionIdOf, sessionStreams } from "@skein/sessions";
import type { StreamInfo } from "@skein/store";
import { z } from "zod";
import { canonicalJson } from "../entities/canonical-json.ts";
import { noEntity, type EntityRules } from "../entities/entity.ts";
import { changeEventOf, type Stamp } from "../entities/events.ts";
import { addSpawn, type SpawnOrder, type SpawnOutcome } from "../entities/plan-spawn.ts";
import { pairId, type EntityRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { projectEvents } from "../sessions/project.ts";
import { announceSession } from "../sessions/draft.ts";
import type { SessionRecord } from "../sessions/session.ts";
import type { Cut } from "./find-cut.ts";
import { forkedResource } from "./resource-names.ts";

/** A resource that the origin made and the fork gets its own of. */
export interface ForkedResource {
  readonly from: string;
  readonly to: string;
  readonly stream: StreamInfo;
  /** The siblings of a coding session that belong to its history. */
  readonly native: StreamInfo | undefined;
  readonly cut: Cut;
  /** What stands in front of the cut: of the last messages, for the list. */
  readonly last: readonly ChangeEvent[];
}

export interface ForkOrder {
  readonly origin: string;
  readonly id: string;
  readonly request: ForkRequest;
}

export const MAX_SHOWN_FORKS = 50;

/** What the fork is spawned with: the origin's arguments and tags, with the names of what is its own. */
export function planSpawnOf(
  draft: Draft,
  order: ForkOrder,
  resources: readonly ForkedResource[],
): SpawnOrder | SkeinError {
  const origin = draft.read("entities", order.origin);
  if (!origin) return noEntity(order.origin);
  const declared = draft.read("types", origin.type)?.fork;
  if (!declared) return new SkeinError("invalid_request", `Entities of the type ${origin.type} cannot be forked.`);
  const { id: _, at: _at, tags, initialMessage, ...changes } = order.request;
  const names = new Map(resources.map(({ from, to }) => [from, to]));
  const inherited = without(isObject(origin.args) ? origin.args : {}, declared.omitArgs);
  const [main] = resources;
  return {
    type: origin.type,
    id: order.id,
    args: { ...renamed(inherited, names), ...changes },
    tags: { ...tagsOf(without(origin.tags, declared.omitTags), names), ...tags },
    ...(initialMessage && { initialMessage }),
    // Where the origin may work the fork finds what it needs; `PATCH` says otherwise.
    ...(origin.dispatch && { dispatch: origin.dispatch }),
    forkedFrom: {
      entity: origin.url,
      ...(main && { resource: main.from, offset: formatOffset(main.cut.position) }),
      ...(main?.cut.row !== undefined && { row: main.cut.row }),
    },
  };
}

/** Makes the fork: the entity, its resources, and what the list shows of both. All of it by reference. */
export function addFork(
  draft: Draft,
  order: ForkOrder,
  { spawn, resources }: { readonly spawn: SpawnOrder; readonly resources: readonly ForkedResource[] },
  rules: EntityRules,
  stamp: Stamp,
): SpawnOutcome {
  const url = entityUrl(spawn.type, spawn.id);
  const request = canonicalJson({ ...order.request, of: order.origin });
  const there = draft.read("entities", url);
  if (there) {
    if (there.forkRequest === request && there.status !== "killed") return { kind: "exists", entity: there };
    const error = new SkeinError("entity_exists", `${url} is there already. Choose another id.`, {
      details: { entity: url },
    });
    return { kind: "refused", error };
  }
  const outcome = addSpawn(draft, spawn, rules, stamp);
  if (outcome.kind !== "created") return outcome;
  const entity: EntityRecord = { ...outcome.entity, forkRequest: request };
  draft.write("entities", url, entity);
  for (const resource of resources) forkResource(draft, entity, resource, stamp);
  return { kind: "created", entity };
}

function forkResource(draft: Draft, entity: EntityRecord, resource: ForkedResource, stamp: Stamp): void {
  const { from, to, stream, native, cut } = resource;
  draft.forkStream(sharedStateStream(to), { path: stream.path, position: cut.position });
  // Its own from the first moment: it can be forked again before a runner has seen it.
  const key = `shared-state:${to}`;
  const declaration = { kind: "shared-state", key, id: to, mode: "create" } as const;
  draft.append(mainStream(entity.url), [changeEventOf(ENTITY_EVENTS.manifest, key, "upsert", declaration, stamp)]);
  draft.write("links", pairId(entity.url, to), { entity: entity.url, resource: to, mode: "create" });
  const session = sessionIdOf(to);
  if (session === undefined) return;
  if (native) draft.forkStream(sessionStreams(session).native, { path: native.path, position: native.head });
  draft.write("resources", to, { id: to, createdBy: entity.url, driver: entity.url, forkedFrom: from });
  const parent = draft.read("resources", from);
  if (parent) draft.write("resources", from, { ...parent, forks: (parent.forks ?? 0) + 1 });
  const origin = draft.read("sessions", sessionIdOf(from) ?? "");
  if (!origin) return;
  const place = { offset: formatOffset(cut.position), ...(cut.row !== undefined && { row: cut.row }) };
  announceSession(draft, sessionOfFork(origin, entity, { ...resource, session, place }, stamp), stamp);
  announceSession(draft, withFork(origin, { session, entity, place, now: stamp.now }), stamp);
}

/** The fork in the list: what it has said last is what stands in front of the cut; what it costs begins at nothing. */
function sessionOfFork(
  origin: SessionRecord,
  entity: EntityRecord,
  fork: ForkedResource & {
    readonly session: string;
    readonly place: { readonly offset: string; readonly row?: string };
  },
  stamp: Stamp,
): SessionRecord {
  const { error: _, turn: _t, costUsd: _c, forks: _f, forkCount: _n, lastLine: _l, ...rest } = origin;
  const { agent = origin.agent, cwd, permissionMode, model, title } = shownIn(entity.args);
  const before = projectEvents({ ...rest, turns: 0 }, fork.last, stamp.now);
  const { model: oldModel, ...shown } = rest;
  const sameAgent = agent === origin.agent;
  return {
    ...shown,
    id: fork.session,
    resource: sharedStateStream(fork.to),
    coder: entity.url,
    agent,
    cwd: cwd ?? origin.cwd,
    permissionMode: permissionMode ?? origin.permissionMode,
    ...(title !== undefined && { title, titleFrom: "given" as const }),
    ...(model !== undefined ? { model } : sameAgent && oldModel !== undefined ? { model: oldModel } : {}),
    ...(before.lastLine !== undefined && { lastLine: before.lastLine }),
    status: "initializing",
    statusSince: stamp.now,
    pending: [],
    createdAt: stamp.now,
    lastActivityAt: stamp.now,
    turns: 0,
    forkedFrom: { session: origin.id, coder: entity.forkedFrom?.entity ?? origin.coder, ...fork.place },
  };
}

function withFork(
  origin: SessionRecord,
  {
    session,
    entity,
    place,
    now,
  }: {
    readonly session: string;
    readonly entity: EntityRecord;
    readonly place: { readonly offset: string; readonly row?: string };
    readonly now: number;
  },
): SessionRecord {
  const { agent } = shownIn(entity.args);
  const shown = { session, coder: entity.url, ...(agent !== undefined && { agent }), ...place, createdAt: now };
  const forks = [...(origin.forks ?? []), shown].slice(-MAX_SHOWN_FORKS);
  return { ...origin, forks, forkCount: (origin.forkCount ?? 0) + 1 };
}

export function resourceNamesOf(
  origin: EntityRecord,
  id: string,
  resources: readonly string[],
): Map<string, string> | SkeinError {
  const names = new Map<string, string>();
  for (const from of resources) {
    const to = forkedResource(from, origin.id, id);
    if (to === undefined) return new SkeinError("invalid_request", `No name can be made for the fork's own ${from}.`);
    names.set(from, to);
  }
  return names;
}

const text = z.string().optional().catch(undefined);
const shownArgs = z.looseObject({ agent: text, cwd: text, permissionMode: text, model: text, title: text });

/** What the list shows of a coder's arguments. */
function shownIn(args: unknown): Partial<z.infer<typeof shownArgs>> {
  const parsed = shownArgs.safeParse(args);
  return parsed.success ? parsed.data : {};
}

function tagsOf(tags: Tags, names: ReadonlyMap<string, string>): Tags {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, names.get(value) ?? value]));
}

/** Values that name one of the origin's resources name the fork's own, however deep they are. */
function renamed(value: Record<string, unknown>, names: ReadonlyMap<string, string>): Record<string, unknown> {
  const visit = (one: unknown): unknown => {
    if (typeof one === "string") return names.get(one) ?? one;
    if (Array.isArray(one)) return one.map(visit);
    return isObject(one) ? Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, visit(inner)])) : one;
  };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
}

function without<T>(value: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !names.includes(key)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
