import {
  ENTITY_EVENTS,
  inboxRow,
  mainStream,
  runRow,
  type Entity,
  type Message,
  type SignalName,
} from "@skein/protocol";
import { useEffect, useMemo, useState } from "react";
import { createEntityStore, type EntityRecordView, type EntityStore } from "./entity-store.ts";
import { createExternal, type Observable } from "./external.ts";
import { useSkein } from "./provider.tsx";
import type { StateRows, StateShape } from "./state-rows.ts";
import { useExternal } from "./use-external.ts";
import { useRows, useStateStream, WAIT_MS, type StateStreamOptions, type StateStreamView } from "./use-state-stream.ts";

/** What every entity's stream has, whatever its own collections are. */
const builtIn = {
  inbox: { type: ENTITY_EVENTS.inbox, schema: inboxRow },
  runs: { type: ENTITY_EVENTS.run, schema: runRow },
} as const;

export interface EntityActions {
  /** Resolves when the message is durable: it will be handled. */
  readonly send: (message: Message) => Promise<void>;
  readonly signal: (name: SignalName, reason?: string) => Promise<void>;
}

export interface EntityView<S extends StateShape> extends StateStreamView, EntityActions {
  /** Its record: status, arguments, tags. Absent until it is known. */
  readonly entity: Entity | undefined;
  /** Of its own state, by the shape that was given. */
  readonly collections: StateRows<S>;
  readonly inbox: StateRows<typeof builtIn>["inbox"];
  readonly runs: StateRows<typeof builtIn>["runs"];
}

const never: Observable<EntityRecordView> = createExternal<EntityRecordView>({
  phase: { kind: "loading" },
  entity: undefined,
});

/**
 * One entity: its record and its state, live. `shape` has the collections of its definition and stays the same
 * object; with `last` only the newest messages of its stream are read at first.
 *
 * @example
 * const { phase, entity, collections, send } = useEntity("/counter/visits", counterState);
 */
export function useEntity<S extends StateShape>(
  url: string,
  shape: S,
  options: StateStreamOptions = {},
): EntityView<S> {
  const { client, follower, environment } = useSkein();
  const { waitMs = WAIT_MS } = options;
  const [store, setStore] = useState<EntityStore>();
  useEffect(() => {
    const opened = createEntityStore({ client, follower, environment, url, waitMs });
    setStore(opened);
    return () => {
      opened.close();
      setStore(undefined);
    };
  }, [client, follower, environment, url, waitMs]);
  const { phase, entity } = useExternal(store?.view ?? never);
  const stream = useStateStream(mainStream(url), options);
  const { inbox, runs } = useRows(stream, builtIn);
  const collections = useRows(stream, shape);
  const actions = useMemo(
    (): EntityActions => ({
      send: async (message) => void (await client.send(url, message)),
      signal: async (name, reason) => void (await client.signal(url, name, reason)),
    }),
    [client, url],
  );
  // Its stream is there as soon as it is: what its record says is what there is to say.
  return { ...stream.view, ...(phase.kind === "ready" ? {} : { phase }), entity, collections, inbox, runs, ...actions };
}
