import type { ChangeEvent, ManifestRow } from "@skein/protocol";
import { ENTITY_EVENTS, formatOffset, SkeinError } from "@skein/protocol";
import type { Keep, StreamBatch } from "../client/index.ts";
import type { BlobContent, Load, LoadOption, SharedState, StateSchema } from "../context.ts";
import type { Observation } from "../observation.ts";
import type { ClaimChannel } from "../runner/claim-channel.ts";
import { createCollection } from "./collection.ts";
import type { StreamView } from "./stream-view.ts";
import type { WriteBuffer } from "./write-buffer.ts";

export interface HandleParts {
  readonly buffer: WriteBuffer;
  readonly channel: ClaimChannel;
  /** Streams whose manifest row is in the log: only these may be written to by `live`. */
  readonly declared: ReadonlySet<string>;
  readonly log: (path: string, from?: string) => AsyncIterable<StreamBatch>;
  readonly observation: Observation;
  /** Commits what is buffered, and a write of nothing to this stream. */
  readonly touch: (path: string) => Promise<void>;
}

export function createHandle(
  id: string,
  schema: StateSchema,
  view: StreamView,
  { buffer, channel, declared, log, observation, touch }: HandleParts,
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
    observation,
    async live(events: readonly ChangeEvent[]) {
      if (!declared.has(view.path)) {
        throw new SkeinError("invalid_request", `Flush once before deltas are sent to “${id}”.`);
      }
      if (events.length > 0) await channel.live(view.path, events);
    },
    async drive() {
      await touch(view.path);
      if (view.blind) return;
      for await (const batch of log(view.path, formatOffset(view.fold.position))) view.receive(batch);
    },
    async blob({ sha256, mime, bytes }: BlobContent) {
      if (!declared.has(view.path)) {
        throw new SkeinError("invalid_request", `Flush once before blobs are kept beside “${id}”.`);
      }
      await channel.blob(`${view.path}/blobs/${sha256}`, { mime, bytes });
    },
    log: (from?: string) => log(view.path, from),
  };
  return Object.assign(own, collections) as unknown as SharedState<StateSchema>;
}

/** What is held of each event type, whether that is nothing, and the same as text, to tell folds apart by. */
export function keepOf(
  schema: StateSchema,
  load: LoadOption<StateSchema>,
): { keep: (type: string) => Keep; blind: boolean; shape: string } {
  const kept = new Map<string, Load>();
  for (const [name, { type }] of Object.entries(schema)) {
    kept.set(type, typeof load === "string" ? load : (load[name] ?? "all"));
  }
  return {
    keep: (type) => kept.get(type) ?? "none",
    blind: [...kept.values()].every((one) => one === "none"),
    shape: JSON.stringify([...kept]),
  };
}

export function sameCollections(one: StateSchema, other: StateSchema): boolean {
  const names = Object.keys(other);
  return names.every((name) => {
    const [a, b] = [one[name], other[name]];
    return a !== undefined && b !== undefined && a.type === b.type && a.primaryKey === b.primaryKey;
  });
}

export function manifestEvent(row: ManifestRow): ChangeEvent {
  return { type: ENTITY_EVENTS.manifest, key: row.key, value: row, headers: { operation: "upsert" } };
}
