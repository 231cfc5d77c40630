import type { Entity, Message, ObserveSource, RunRow } from "@skein/protocol";
import { ENTITY_EVENTS, formatOffset, isMember, mainStream, sourceText } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import type { StateSchema } from "../context.ts";
import type { ObservedEntity, ObservedSchedule, ObservedSet, ObserveOptions } from "../observation.ts";
import { checkEventTypes } from "../shared-state-schema.ts";
import { builtInType, type CronSource, type EntitiesSource, type EntitySource } from "../sources.ts";
import { awaitMissing } from "./await-missing.ts";
import { createReadonlyCollection } from "./collection.ts";
import { conditionOf, observationKey, type Observations } from "./observations.ts";
import { openView } from "./open-view.ts";
import type { StreamView } from "./stream-view.ts";
import type { WarmCache } from "./warm-cache.ts";

/** Observing entities, sets of them, and time. Shared states are in shared-states.ts. */
export interface EntityObserver {
  entity<D extends StateSchema>(source: EntitySource<D>, options?: ObserveOptions<string>): Promise<ObservedEntity<D>>;
  set(source: EntitiesSource, options?: ObserveOptions<string>): Promise<ObservedSet>;
  schedule(source: CronSource, options?: { readonly name?: string }): ObservedSchedule;
  /** Gives the folds back to the cache. */
  close(): void;
}

export interface EntityObserverOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly cache: WarmCache;
  readonly observations: Observations;
  readonly signal: AbortSignal;
  readonly tail: (view: StreamView) => void;
  readonly send: (to: string, message: Message) => void;
  readonly flush: () => Promise<void>;
}

const DEFAULT_WAIT_MS = 5_000;
const PAGE = 200;
const MAX_MEMBERS = 1_000;

export function createEntityObserver(options: EntityObserverOptions): EntityObserver {
  const { client, clock, cache, observations, signal, tail, send, flush } = options;
  const opened = new Map<string, { readonly view: StreamView; readonly shape: string }>();

  const open = async (url: string, schema: StateSchema): Promise<StreamView> => {
    const types = new Set<string>([ENTITY_EVENTS.run, ...Object.values(schema).map(({ type }) => type)]);
    const shape = JSON.stringify([...types].sort());
    const id = `${shape} ${url}`;
    const before = opened.get(id);
    if (before) return before.view;
    const path = mainStream(url);
    const view = await openView({
      client,
      clock,
      path,
      signal,
      shape,
      keep: (type) => (types.has(type) ? "all" : "none"),
      warm: cache.take(cacheName(path), shape),
    });
    const meanwhile = opened.get(id);
    if (meanwhile) return meanwhile.view;
    opened.set(id, { view, shape });
    tail(view);
    return view;
  };

  return {
    async entity({ url, schema }, { wake, name, waitMs = DEFAULT_WAIT_MS } = {}) {
      checkEventTypes(url, schema);
      const wait = { clock, signal, waitMs, what: `entity ${url}` };
      const { view, record } = await awaitMissing(
        async () => ({ view: await open(url, schema), record: await client.getEntity(url, { signal }) }),
        wait,
      );
      const key = observationKey(name ?? `entity:${url}`);
      if (wake !== undefined) {
        const typeOf = (collection: string): string =>
          schema[collection]?.type ?? builtInType(collection) ?? collection;
        const from = formatOffset(view.fold.position);
        observations.declare({ key, source: { kind: "entity", url }, wake: conditionOf(wake, typeOf), from });
      }
      const collections = Object.fromEntries(
        Object.entries(schema).map(([collection, { type }]) => [
          collection,
          createReadonlyCollection(collection, type, view),
        ]),
      );
      return {
        url,
        record,
        runs: createReadonlyCollection<RunRow>("runs", ENTITY_EVENTS.run, view),
        // Made from this very schema; its type is opened again here.
        collections: collections as never,
        observation: observations.of(key),
        send: (message) => send(url, message),
      };
    },
    async set({ kind, type, tags, parent }, { wake, name } = {}) {
      const source = { kind, ...(type !== undefined && { type }), ...(tags && { tags }), ...(parent && { parent }) };
      const key = observationKey(name ?? sourceText(source));
      if (wake !== undefined) {
        observations.declare({ key, source, wake: conditionOf(wake, (collection) => collection) });
        // Whoever joins after the list is told; whoever joins before it is in it.
        await flush();
      }
      return { entities: await members(client, source, signal), observation: observations.of(key) };
    },
    schedule({ schedule }, { name } = {}) {
      const key = observationKey(name ?? `cron:${schedule.expression} ${schedule.timeZone}`);
      observations.declare({ key, source: { kind: "cron", schedule } });
      return { observation: observations.of(key) };
    },
    close() {
      for (const { view, shape } of opened.values())
        cache.put(cacheName(view.path), shape, { fold: view.fold, saved: view.saved });
    },
  };
}

/** A runner may have the same entity's own handler, whose fold holds more. */
function cacheName(path: string): string {
  return `observed ${path}`;
}

async function members(
  client: Client,
  source: Extract<ObserveSource, { kind: "entities" }>,
  signal: AbortSignal,
): Promise<Entity[]> {
  const found: Entity[] = [];
  const { type, parent, tags = {} } = source;
  // The server finds by one tag; the others are looked at here.
  const [tag] = Object.entries(tags);
  const filter = { ...(type && { type }), ...(parent && { parent }), ...(tag && { tags: { [tag[0]]: tag[1] } }) };
  for (let after: string | undefined; ;) {
    const page = await client.listEntities({ ...filter, limit: PAGE, after, signal });
    found.push(...page.entities.filter((one) => isMember(source, one)));
    after = page.next;
    if (after === undefined || found.length >= MAX_MEMBERS) return found.slice(0, MAX_MEMBERS);
  }
}
