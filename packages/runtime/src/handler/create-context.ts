import type {
  ChangeEvent,
  Claim,
  Entity,
  InboxRow,
  ManifestRow,
  RunRow,
  SignalRow,
  Tags,
  WakeRow,
} from "@skein/protocol";
import { ENTITY_EVENTS, entityUrl, formatOffset, SkeinError, ZERO_OFFSET } from "@skein/protocol";
import type { Client } from "../client/index.ts";
import { positionOf } from "../client/index.ts";
import type { Child, HandlerContext, SpawnOptions, StateSchema } from "../context.ts";
import type { ObserveOptions } from "../observation.ts";
import type { RegisteredType } from "../registry.ts";
import {
  builtInType,
  type CronSource,
  type DbSource,
  type EntitiesSource,
  type EntitySource,
  type WakeOn,
} from "../sources.ts";
import { createCollection, createReadonlyCollection } from "./collection.ts";
import type { Committer } from "./committer.ts";
import type { Input } from "./input.ts";
import { conditionOf, observationKey, type Observations } from "./observations.ts";
import type { EntityObserver } from "./observe-entities.ts";
import type { Runs } from "./runs.ts";
import type { SharedStates } from "./shared-states.ts";
import { manifestEvent } from "./shared-state-handle.ts";
import type { StreamView } from "./stream-view.ts";
import type { TagView } from "./tag-view.ts";
import type { WriteBuffer } from "./write-buffer.ts";

export interface ContextParts {
  readonly claim: Claim;
  readonly client: Client;
  readonly args: unknown;
  readonly state: StateSchema;
  readonly actions: RegisteredType["actions"];
  readonly signal: AbortSignal;
  readonly main: StreamView;
  readonly writeMain: (event: ChangeEvent) => void;
  readonly buffer: WriteBuffer;
  readonly committer: Committer;
  readonly input: Input;
  readonly runs: Runs;
  readonly shared: SharedStates;
  readonly entities: EntityObserver;
  readonly observations: Observations;
  readonly tags: TagView;
  readonly log: HandlerContext["log"];
}

/** The handler's context over the parts of its claim. */
export function createContext(parts: ContextParts): HandlerContext {
  const { claim, main, buffer, committer, input, runs, shared, tags, writeMain, observations } = parts;
  const entity: Entity = claim.entity;
  const changeTag = (name: string, value: string | undefined): void => {
    tags.put(name, value);
    buffer.tag(name, value);
  };
  const state = Object.fromEntries(
    Object.entries(parts.state).map(([name, definition]) => [
      name,
      createCollection(name, definition, main, writeMain),
    ]),
  ) as HandlerContext["state"];
  return {
    entity,
    url: entity.url,
    type: entity.type,
    id: entity.id,
    args: parts.args,
    get tags(): Tags {
      return tags.current;
    },
    firstWake: positionOf(claim.from) === 0,
    generation: claim.generation,
    signal: parts.signal,
    state,
    actions: parts.actions(state),
    events: input.wake.events,
    manifests: createReadonlyCollection<ManifestRow>("manifests", ENTITY_EVENTS.manifest, main),
    db: {
      inbox: createReadonlyCollection<InboxRow>("inbox", ENTITY_EVENTS.inbox, main),
      runs: createReadonlyCollection<RunRow>("runs", ENTITY_EVENTS.run, main),
      signals: createReadonlyCollection<SignalRow>("signals", ENTITY_EVENTS.signal, main),
      wakes: createReadonlyCollection<WakeRow>("wakes", ENTITY_EVENTS.wake, main),
      offsetOf(key) {
        const entry = main.fold.rows(ENTITY_EVENTS.inbox).entry(key);
        return entry && formatOffset(entry.position + 1);
      },
    },
    mkdb: (id, schema, options) => shared.mkdb(id, schema, options),
    observe: observeWith(parts),
    sleep(duration, { name = "" } = {}) {
      const source = typeof duration === "number" ? { afterMs: duration } : { at: duration.until };
      observations.declare({ key: observationKey(`sleep:${name}`), source: { kind: "timer", ...source } });
    },
    wakeUp: (name = "") => observations.stop(observationKey(`sleep:${name}`)),
    setTag: (name, value) => changeTag(name, value),
    removeTag: (name) => changeTag(name, undefined),
    recordRun: () => runs.record(),
    send: (to, message) => buffer.send(to, message),
    spawn: (type, id, options) => spawn(parts, { type, id, ...options }),
    async fork(url, request) {
      await committer.flush();
      const fork = await parts.client.fork(url, request);
      return { url: fork.url, send: (message) => buffer.send(fork.url, message) };
    },
    onMessage: (listener) => input.onMessage(listener),
    onSignal: (listener) => input.onSignal(listener),
    take: (inboxKey) => takeMessage(parts, inboxKey),
    flush: () => committer.flush(),
    log: parts.log,
  };
}

/** One method for every kind of source; the overloads say what each gives. */
function observeWith({ shared, entities }: ContextParts): HandlerContext["observe"] {
  function observe(source: AnySource, options?: ObserveOptions<string>): Promise<unknown> {
    switch (source.kind) {
      case "db":
        return shared.observe(source, options);
      case "entity":
        return entities.entity(source, options);
      case "entities":
        return entities.set(source, options);
      case "cron":
        return Promise.resolve(entities.schedule(source, options));
    }
  }
  return observe as HandlerContext["observe"];
}

type AnySource = DbSource<StateSchema> | EntitySource<StateSchema> | EntitiesSource | CronSource;

/** Whoever has edited a message in front of it meanwhile is read, and it is tried again. */
async function takeMessage(
  { main, committer, client, signal }: ContextParts,
  inboxKey: string,
): Promise<InboxRow | undefined> {
  const inbox = main.fold.rows(ENTITY_EVENTS.inbox);
  for (;;) {
    const entry = inbox.entry(inboxKey);
    if (!entry) return undefined;
    try {
      const taken = { below: formatOffset(entry.position + 1), seen: formatOffset(main.fold.position) };
      await committer.commit(() => ({ taken }));
      // The server's row: it has checked what it stored.
      return inbox.get(inboxKey) as InboxRow | undefined;
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code !== "conflict") throw error;
      const from = main.fold.position;
      main.receive(await client.readStream(main.path, { from: formatOffset(from) }, { signal }));
      // Nothing was edited: it is something else that the server minds.
      if (main.fold.position === from) throw error;
    }
  }
}

async function spawn(parts: ContextParts, order: SpawnOptions & { type: string; id: string }): Promise<Child> {
  const { committer, buffer, main } = parts;
  const { wake: wanted, ...rest } = order;
  const url = entityUrl(order.type, order.id);
  await committer.flush();
  const declared = [manifestEvent({ kind: "child", key: `child:${url}`, url })];
  if (typeof wanted === "object") declared.push(manifestEvent(childObservation(url, wanted)));
  const wake = wanted === true || wanted === "runFinished";
  const { refused = [] } = await committer.commit(() => ({
    spawns: [{ ...rest, wake }],
    writes: new Map([[main.path, declared]]),
  }));
  const refusal = refused.find(({ kind, to }) => kind === "spawn" && to === url);
  if (refusal) throw new SkeinError(refusal.code, refusal.message);
  return { url, send: (message) => buffer.send(url, message) };
}

/** The child's whole life is told: it begins with this commit. */
function childObservation(url: string, wanted: Exclude<WakeOn, string>): ManifestRow {
  const wake = conditionOf(wanted, (name) => builtInType(name) ?? name);
  const key = observationKey(`entity:${url}`);
  return { kind: "observe", key, source: { kind: "entity", url }, wake, from: ZERO_OFFSET };
}
