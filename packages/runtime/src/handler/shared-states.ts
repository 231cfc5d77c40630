import type { ChangeEvent, ManifestRow } from "@skein/protocol";
import { ENTITY_EVENTS, sharedStateStream, SkeinError } from "@skein/protocol";
import type { Client, Clock, Keep } from "../client/index.ts";
import { sleep } from "../client/index.ts";
import type { DbSource, Load, LoadOption, SharedState, StateSchema } from "../context.ts";
import { checkSharedState } from "../db.ts";
import type { ClaimChannel } from "../runner/claim-channel.ts";
import { createCollection } from "./collection.ts";
import type { WarmCache } from "./open-view.ts";
import { openView } from "./open-view.ts";
import type { StreamView } from "./stream-view.ts";
import { createStreamView } from "./stream-view.ts";
import type { Batch, WriteBuffer } from "./write-buffer.ts";

/** The shared states that a handler has made or attached to. */
export interface SharedStates {
  mkdb<D extends StateSchema>(id: string, schema: D, options?: { load?: LoadOption<D> }): Promise<SharedState<D>>;
  observe<D extends StateSchema>(
    source: DbSource<D>,
    options?: { waitMs?: number; load?: LoadOption<D> },
  ): Promise<SharedState<D>>;
  viewOf(path: string): StreamView | undefined;
  onCommitted(batch: Batch | undefined): void;
  /** Gives the folds back to the cache. */
  close(): void;
}

export interface SharedStatesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly channel: ClaimChannel;
  readonly buffer: WriteBuffer;
  readonly main: StreamView;
  readonly writeMain: (event: ChangeEvent) => void;
  readonly cache: WarmCache;
  /** Ends reads and waits. */
  readonly signal: AbortSignal;
  /** Follows the stream of a view from now on. */
  readonly tail: (view: StreamView) => void;
}

interface Opened {
  readonly schema: StateSchema;
  readonly shape: string;
  readonly view: StreamView;
  readonly handle: SharedState<StateSchema>;
}

const DEFAULT_WAIT_MS = 5_000;

export function createSharedStates(options: SharedStatesOptions): SharedStates {
  const { client, clock, buffer, main, cache, signal, tail } = options;
  const opened = new Map<string, Promise<Opened>>();
  const views = new Map<string, StreamView>();
  /** Streams whose manifest row is in the log: only these may be written to by `live`. */
  const declared = new Set<string>();

  const open = async (id: string, schema: StateSchema, load: LoadOption<StateSchema>): Promise<Opened> => {
    const path = sharedStateStream(id);
    const keep = keepOf(schema, load);
    const shape = JSON.stringify(Object.values(schema).map(({ type }) => [type, keep(type)]));
    const view = await openView({ client, clock, path, keep, signal, warm: cache.take(path, shape) });
    return adopt(id, schema, shape, view);
  };
  const adopt = (id: string, schema: StateSchema, shape: string, view: StreamView): Opened => {
    views.set(view.path, view);
    return { schema, shape, view, handle: createHandle(id, schema, view, declared, options) };
  };
  const declare = (id: string, mode: "create" | "connect"): void => {
    const path = sharedStateStream(id);
    const key = `shared-state:${id}`;
    if (main.fold.rows(ENTITY_EVENTS.manifest).has(key)) declared.add(path);
    else options.writeMain(manifestEvent({ kind: "shared-state", key, id, mode }));
  };
  const once = async (id: string, schema: StateSchema, make: () => Promise<Opened>): Promise<Opened> => {
    checkSharedState(id, schema);
    let found = opened.get(id);
    if (!found) {
      found = make();
      opened.set(id, found);
      // A failed attempt is not remembered, so that it can be made again.
      found.catch(() => opened.delete(id));
    }
    const result = await found;
    if (!sameCollections(result.schema, schema)) {
      throw new SkeinError("conflict", `The shared state “${id}” is open already with other collections.`);
    }
    return result;
  };
  const make = async (id: string, schema: StateSchema, load: LoadOption<StateSchema>): Promise<Opened> => {
    try {
      const result = await open(id, schema, load);
      declare(id, "create");
      tail(result.view);
      return result;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const path = sharedStateStream(id);
    const keep = keepOf(schema, load);
    const shape = JSON.stringify(Object.values(schema).map(({ type }) => [type, keep(type)]));
    const result = adopt(id, schema, shape, createStreamView({ path, keep }));
    declare(id, "create");
    buffer.create(path);
    // It is made with the next commit, or by somebody else before that.
    tail(result.view);
    return result;
  };
  const attach = async (
    id: string,
    schema: StateSchema,
    load: LoadOption<StateSchema>,
    waitMs: number,
  ): Promise<Opened> => {
    const until = clock.now() + waitMs;
    for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
      try {
        const result = await open(id, schema, load);
        declare(id, "connect");
        tail(result.view);
        return result;
      } catch (error) {
        if (!isMissing(error)) throw error;
        if (clock.now() >= until)
          throw new SkeinError("not_found", `There is no shared state “${id}”.`, { cause: error });
      }
      await sleep(clock, pause, signal);
      if (signal.aborted) throw signal.reason;
    }
  };

  return {
    async mkdb<D extends StateSchema>(id: string, schema: D, { load = "all" }: { load?: LoadOption<D> } = {}) {
      return typed<D>(await once(id, schema, () => make(id, schema, load)));
    },
    async observe<D extends StateSchema>(
      { id, schema }: DbSource<D>,
      { waitMs = DEFAULT_WAIT_MS, load = "all" }: { waitMs?: number; load?: LoadOption<D> } = {},
    ) {
      return typed<D>(await once(id, schema, () => attach(id, schema, load, waitMs)));
    },
    viewOf: (path) => views.get(path),
    onCommitted(batch) {
      for (const path of views.keys()) if (declaredIn(batch, main.path, path)) declared.add(path);
    },
    close() {
      for (const entry of opened.values()) {
        entry.then(
          ({ view, shape }) => cache.put(view.path, shape, view.fold),
          () => undefined,
        );
      }
    },
  };
}

/** The handle was made from this very schema (`once` checked it), under the type that its caller gives it. */
function typed<D extends StateSchema>({ handle }: Opened): SharedState<D> {
  return handle as unknown as SharedState<D>;
}

function createHandle(
  id: string,
  schema: StateSchema,
  view: StreamView,
  declared: ReadonlySet<string>,
  { buffer, channel }: SharedStatesOptions,
): SharedState<StateSchema> {
  const write = (event: ChangeEvent): void => {
    view.write(event);
    buffer.write(view.path, event);
  };
  const collections = Object.fromEntries(
    Object.entries(schema).map(([name, definition]) => [name, createCollection(name, definition, view, write)]),
  );
  const own = {
    id,
    stream: view.path,
    collections,
    async live(events: readonly ChangeEvent[]) {
      if (!declared.has(view.path)) {
        throw new SkeinError("invalid_request", `Flush once before deltas are sent to “${id}”.`);
      }
      if (events.length > 0) await channel.live(view.path, events);
    },
  };
  return Object.assign(own, collections) as unknown as SharedState<StateSchema>;
}

function keepOf(schema: StateSchema, load: LoadOption<StateSchema>): (type: string) => Keep {
  const kept = new Map<string, Load>();
  for (const [name, { type }] of Object.entries(schema)) {
    kept.set(type, typeof load === "string" ? load : (load[name] ?? "all"));
  }
  return (type) => kept.get(type) ?? "none";
}

function sameCollections(one: StateSchema, other: StateSchema): boolean {
  const names = Object.keys(other);
  return names.every((name) => {
    const [a, b] = [one[name], other[name]];
    return a !== undefined && b !== undefined && a.type === b.type && a.primaryKey === b.primaryKey;
  });
}

function declaredIn(batch: Batch | undefined, mainPath: string, path: string): boolean {
  const events = batch?.writes.get(mainPath)?.events ?? [];
  return events.some(
    ({ type, key }) =>
      type === ENTITY_EVENTS.manifest && key.startsWith("shared-state:") && sharedStateStream(key.slice(13)) === path,
  );
}

export function manifestEvent(row: ManifestRow): ChangeEvent {
  return { type: ENTITY_EVENTS.manifest, key: row.key, value: row, headers: { operation: "upsert" } };
}

function isMissing(error: unknown): error is SkeinError {
  return error instanceof SkeinError && error.code === "not_found";
}
