import type { Store, StoredRecord } from "@skein/store";
import type { CollectionName, Records } from "./collections.ts";

/** Names a record to load. */
export type RecordKey = { readonly [C in CollectionName]: readonly [collection: C, id: string] }[CollectionName];

type Held<C extends CollectionName> = StoredRecord<Records[C]> | undefined;
type Maps = { readonly [C in CollectionName]: Map<string, Held<C>> };

/** What a plan may look at: records as they were read. Asking for one that was not loaded is a bug and throws. */
export interface Snapshot {
  get<C extends CollectionName>(collection: C, id: string): StoredRecord<Records[C]> | undefined;
  has(collection: CollectionName, id: string): boolean;
}

export interface SnapshotBuilder extends Snapshot {
  set<C extends CollectionName>(collection: C, id: string, record: StoredRecord<Records[C]> | undefined): void;
}

export function createSnapshot(): SnapshotBuilder {
  const maps: Maps = {
    types: new Map(),
    entities: new Map(),
    wakes: new Map(),
    receipts: new Map(),
    subscriptions: new Map(),
    delayed: new Map(),
    observers: new Map(),
    observed: new Map(),
    news: new Map(),
    lanes: new Map(),
    runs: new Map(),
    links: new Map(),
    blobs: new Map(),
    resources: new Map(),
    runners: new Map(),
    calls: new Map(),
    sessions: new Map(),
    shares: new Map(),
    push: new Map(),
    pushed: new Map(),
    vapid: new Map(),
  };
  return {
    get(collection, id) {
      const map = maps[collection];
      if (!map.has(id)) throw new Error(`The plan reads ${collection}/${id}, which was not loaded.`);
      return map.get(id);
    },
    has: (collection, id) => maps[collection].has(id),
    set(collection, id, record) {
      maps[collection].set(id, record);
    },
  };
}

/** Loads what is not loaded yet; keys may repeat. */
export async function load(store: Store, snapshot: SnapshotBuilder, keys: Iterable<RecordKey>): Promise<void> {
  const wanted = new Map<string, RecordKey>();
  for (const key of keys) if (!snapshot.has(key[0], key[1])) wanted.set(`${key[0]} ${key[1]}`, key);
  const loadOne = async <C extends CollectionName>(collection: C, id: string): Promise<Held<C>> => {
    const record = await store.getRecord<Records[C]>(collection, id);
    snapshot.set(collection, id, record);
    return record;
  };
  await Promise.all([...wanted.values()].map(([collection, id]) => loadOne(collection, id)));
}
