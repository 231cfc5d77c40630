import type { Changes } from "../core/draft.ts";
import { cursorOf, idRange, indexKeys, indexRange, textBytes } from "../core/index-keys.ts";
import type { RecordRow } from "../core/rows.ts";
import { SortedList } from "../core/sorted-list.ts";
import type { CollectionDefinition, CollectionDefinitions, RecordPage, RecordQuery, StoredRecord } from "../store.ts";

/** One collection in memory: its records and, for each index, the keys in order with the id behind each. */
class MemoryCollection {
  readonly rows = new Map<string, RecordRow>();
  readonly ids = new SortedList();
  readonly indexes: ReadonlyMap<string, { fields: readonly string[]; keys: SortedList; ids: Map<string, string> }>;

  constructor({ indexes = {} }: CollectionDefinition) {
    this.indexes = new Map(
      Object.entries(indexes).map(([name, fields]) => [name, { fields, keys: new SortedList(), ids: new Map() }]),
    );
  }

  put(id: string, row: RecordRow | null): void {
    const before = this.rows.get(id);
    const old: unknown = before && JSON.parse(before.json);
    const value: unknown = row && JSON.parse(row.json);
    for (const { fields, keys, ids } of this.indexes.values()) {
      const wanted = row ? indexKeys(fields, id, value) : new Set<string>();
      if (before)
        for (const key of indexKeys(fields, id, old))
          if (!wanted.has(key)) {
            keys.delete(key);
            ids.delete(key);
          }
      for (const key of wanted) {
        keys.add(key);
        ids.set(key, id);
      }
    }
    if (row) {
      this.rows.set(id, row);
      this.ids.add(textBytes(id));
    } else {
      this.rows.delete(id);
      this.ids.delete(textBytes(id));
    }
  }
}

export class MemoryRecords {
  readonly #collections: ReadonlyMap<string, MemoryCollection>;

  constructor(definitions: CollectionDefinitions) {
    this.#collections = new Map(
      Object.entries(definitions).map(([name, definition]) => [name, new MemoryCollection(definition)]),
    );
  }

  row(collection: string, id: string): RecordRow | undefined {
    return this.#collection(collection).rows.get(id);
  }

  apply(records: Changes["records"]): void {
    for (const [name, rows] of records) {
      const collection = this.#collection(name);
      for (const [id, row] of rows) collection.put(id, row);
    }
  }

  query<T>(query: RecordQuery): RecordPage<T> {
    const collection = this.#collection(query.collection);
    const index = query.index === undefined ? undefined : collection.indexes.get(query.index);
    if (query.index !== undefined && !index) throw new TypeError(`${query.collection} has no index ${query.index}`);
    const { low, high } = index ? indexRange(query) : idRange(query);
    const keys = (index ? index.keys : collection.ids).range(low, high, query.limit + 1, query.descending);
    const page = keys.slice(0, query.limit);
    const records = page.flatMap((key) => {
      const id = index ? index.ids.get(key) : Buffer.from(key, "latin1").toString("utf8");
      const row = id === undefined ? undefined : collection.rows.get(id);
      return id !== undefined && row ? [storedRecord<T>(id, row)] : [];
    });
    const last = page.at(-1);
    return keys.length > page.length && last !== undefined ? { records, next: cursorOf(last) } : { records };
  }

  #collection(name: string): MemoryCollection {
    const collection = this.#collections.get(name);
    if (!collection) throw new TypeError(`Collection ${name} was not declared`);
    return collection;
  }
}

/** What a record's value is, only its writer knows: the caller says what it expects of its own collection. */
export function storedRecord<T>(id: string, { version, json }: RecordRow): StoredRecord<T> {
  return { id, version, value: JSON.parse(json) };
}
