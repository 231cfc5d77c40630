import { DIRECTORY_STREAM, entity as entitySchema, type Entity } from "@skein/protocol";
import { isChangeEvent, positionOf, type Client } from "@skein/runtime/client";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import type { Follower } from "./follower.ts";
import { failure, untilOpen } from "./session-opening.ts";
import type { StatePhase } from "./state-store.ts";

/** An entity's record in the directory, live until it is closed. */
export interface EntityStore {
  readonly view: External<EntityRecordView>;
  readonly close: () => void;
}

export interface EntityRecordView {
  readonly phase: StatePhase;
  readonly entity: Entity | undefined;
}

export interface EntityStoreOptions {
  readonly client: Client;
  readonly follower: Follower;
  readonly environment: Environment;
  readonly url: string;
  readonly waitMs: number;
}

export function createEntityStore({ client, follower, environment, url, waitMs }: EntityStoreOptions): EntityStore {
  const closed = new AbortController();
  const { signal } = closed;
  const view = createExternal<EntityRecordView>({ phase: { kind: "loading" }, entity: undefined });

  const read = async (): Promise<void> => {
    // First where the directory stands, then the record: what changes in between comes again, and nothing is missed.
    const { offset } = await client.listEntities({ limit: 1, signal });
    view.set({ phase: { kind: "ready" }, entity: await client.getEntity(url, { signal }) });
    const stop = follower.follow(DIRECTORY_STREAM, positionOf(offset), {
      onBatch({ events }) {
        for (const event of events) {
          if (!isChangeEvent(event) || event.type !== "entity" || event.key !== url) continue;
          const parsed = entitySchema.safeParse(event.value);
          if (parsed.success) view.set({ phase: { kind: "ready" }, entity: parsed.data });
        }
      },
      // What happened since is gone from the directory: the record is read anew.
      onGone() {
        void open();
        return "leave";
      },
    });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  };

  const onFailure = (error: unknown): void => view.set({ ...view.get(), phase: failure(error) });
  const open = (): Promise<void> => untilOpen({ environment, signal, freshMs: () => waitMs, onFailure }, read);

  void open();
  return { view, close: () => closed.abort() };
}
