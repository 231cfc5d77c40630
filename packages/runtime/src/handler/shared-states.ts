import type { ChangeEvent } from "@skein/protocol";
import { ENTITY_EVENTS, formatOffset, parseSharedStateStream, sharedStateStream, SkeinError } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import type { LoadOption, SharedState, StateSchema } from "../context.ts";
import type { ObserveOptions } from "../observation.ts";
import { checkSharedState } from "../shared-state-schema.ts";
import type { DbSource } from "../sources.ts";
import type { ClaimChannel } from "../runner/claim-channel.ts";
import { awaitMissing, isMissing } from "./await-missing.ts";
import { conditionOf, observationKey, type Observations } from "./observations.ts";
import { openView } from "./open-view.ts";
import { readLog } from "./read-log.ts";
import { createHandle, keepOf, manifestEvent, sameCollections } from "./shared-state-handle.ts";
import type { StreamView } from "./stream-view.ts";
import { createStreamView } from "./stream-view.ts";
import type { WarmCache } from "./warm-cache.ts";
import type { Batch, WriteBuffer } from "./write-buffer.ts";

/** The shared states that a handler has made or attached to. */
export interface SharedStates {
  mkdb<D extends StateSchema>(id: string, schema: D, options?: { load?: LoadOption<D> }): Promise<SharedState<D>>;
  observe<D extends StateSchema>(
    source: DbSource<D>,
    options?: ObserveOptions<string> & { load?: LoadOption<D> },
  ): Promise<SharedState<D>>;
  viewOf(path: string): StreamView | undefined;
  onCommitted(batch: Batch | undefined): void;
  /** What a checkpoint may be kept of: what is read, and declared in the log. */
  readable(): readonly { readonly view: StreamView; readonly shape: string }[];
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
  readonly observations: Observations;
  /** Ends reads and waits. */
  readonly signal: AbortSignal;
  /** Commits what is buffered, and a write of nothing to this stream. */
  readonly touch: (path: string) => Promise<void>;
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
  const opened = new Map<string, Opened>();
  /** Attempts under way, by what is attempted: a `mkdb` does not wait for what an `observe` waits for. */
  const opening = new Map<string, Promise<Opened>>();
  /** Streams whose manifest row is in the log: only these may be written to by `live`. */
  const declared = new Set<string>();
  const announced = new Set<string>();

  const log = (path: string, from?: string) => readLog({ client, clock, path, from, signal });

  const adopt = (id: string, schema: StateSchema, shape: string, view: StreamView): Opened => {
    const before = opened.get(id);
    if (before) return before;
    const handle = createHandle(id, schema, view, {
      touch: options.touch,
      buffer,
      channel: options.channel,
      declared,
      log,
      observation: options.observations.of(observationKey(`db:${id}`)),
    });
    const result = { schema, shape, view, handle };
    opened.set(id, result);
    tail(view);
    return result;
  };
  const open = async (id: string, schema: StateSchema, load: LoadOption<StateSchema>): Promise<Opened> => {
    const path = sharedStateStream(id);
    const { keep, blind, shape } = keepOf(schema, load);
    const warm = blind ? undefined : cache.take(path, shape);
    // An entity that has declared it has read it before.
    const known = !blind && main.fold.rows(ENTITY_EVENTS.manifest).has(`shared-state:${id}`);
    const checkpoint = known ? () => options.channel.readCheckpoint(path) : undefined;
    const view = await openView({ client, clock, path, keep, blind, signal, shape, warm, checkpoint });
    return adopt(id, schema, shape, view);
  };
  const declare = (id: string, mode: "create" | "connect"): void => {
    const path = sharedStateStream(id);
    const key = `shared-state:${id}`;
    if (announced.has(id)) return;
    announced.add(id);
    if (main.fold.rows(ENTITY_EVENTS.manifest).has(key)) declared.add(path);
    else options.writeMain(manifestEvent({ kind: "shared-state", key, id, mode }));
  };
  const once = async (
    id: string,
    schema: StateSchema,
    mode: "create" | "connect",
    attempt: () => Promise<Opened>,
  ): Promise<Opened> => {
    checkSharedState(id, schema);
    const key = `${mode} ${id}`;
    let result = opened.get(id);
    if (!result) {
      let found = opening.get(key);
      if (!found) opening.set(key, (found = attempt()));
      try {
        result = await found;
      } finally {
        opening.delete(key);
      }
    }
    if (!sameCollections(result.schema, schema)) {
      throw new SkeinError("conflict", `The shared state “${id}” is open already with other collections.`);
    }
    return result;
  };
  const make = async (id: string, schema: StateSchema, load: LoadOption<StateSchema>): Promise<Opened> => {
    try {
      const result = await open(id, schema, load);
      declare(id, "create");
      return result;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    // It is made with the next commit, or by somebody else before that.
    const path = sharedStateStream(id);
    const { keep, blind, shape } = keepOf(schema, load);
    const result = adopt(id, schema, shape, createStreamView({ path, keep, blind }));
    declare(id, "create");
    buffer.create(path);
    return result;
  };
  const attach = async (
    id: string,
    schema: StateSchema,
    load: LoadOption<StateSchema>,
    waitMs: number,
  ): Promise<Opened> => {
    const result = await awaitMissing(async () => opened.get(id) ?? open(id, schema, load), {
      clock,
      signal,
      waitMs,
      what: `shared state “${id}”`,
    });
    declare(id, "connect");
    return result;
  };

  return {
    async mkdb<D extends StateSchema>(id: string, schema: D, { load = "all" }: { load?: LoadOption<D> } = {}) {
      return typed<D>(await once(id, schema, "create", () => make(id, schema, load)));
    },
    async observe<D extends StateSchema>(
      { id, schema }: DbSource<D>,
      { waitMs = DEFAULT_WAIT_MS, load = "all", wake, name }: ObserveOptions<string> & { load?: LoadOption<D> } = {},
    ) {
      const result = await once(id, schema, "connect", () => attach(id, schema, load, waitMs));
      const { view } = result;
      if (wake !== undefined) {
        const key = observationKey(name ?? `db:${id}`);
        const condition = conditionOf(wake, (collection) => schema[collection]?.type ?? collection);
        const from = view.blind ? undefined : formatOffset(view.fold.position);
        options.observations.declare({ key, source: { kind: "db", id }, wake: condition, from });
        if (name !== undefined) return { ...typed<D>(result), observation: options.observations.of(key) };
      }
      return typed<D>(result);
    },
    viewOf: (path) => opened.get(parseSharedStateStream(path) ?? "")?.view,
    onCommitted(batch) {
      for (const { view } of opened.values()) if (declaredIn(batch, main.path, view.path)) declared.add(view.path);
    },
    readable: () => [...opened.values()].filter(({ view }) => !view.blind && declared.has(view.path)),
    close() {
      for (const { view, shape } of opened.values())
        if (!view.blind) cache.put(view.path, shape, { fold: view.fold, saved: view.saved });
    },
  };
}

/** The handle was made from this very schema (`once` checked it), under the type that its caller gives it. */
function typed<D extends StateSchema>({ handle }: Opened): SharedState<D> {
  return handle as unknown as SharedState<D>;
}

function declaredIn(batch: Batch | undefined, mainPath: string, path: string): boolean {
  const events = batch?.writes.get(mainPath)?.events ?? [];
  return events.some(
    ({ type, key }) =>
      type === ENTITY_EVENTS.manifest && key.startsWith("shared-state:") && sharedStateStream(key.slice(13)) === path,
  );
}
