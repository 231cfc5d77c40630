import type { ChangeEvent, ChangeOperation } from "@skein/protocol";
import { SkeinError } from "@skein/protocol";
import type { Collection, CollectionDefinition, ReadonlyCollection } from "../context.ts";
import { validateSync } from "../schema.ts";
import type { StreamView } from "./stream-view.ts";

/** A collection of untyped rows over a stream's view; the handle's type says what they are. */
export function createCollection(
  name: string,
  definition: CollectionDefinition,
  view: StreamView,
  write: (event: ChangeEvent) => void,
): Collection<unknown> {
  const { type, primaryKey, schema } = definition;
  const rows = createReadonlyCollection<unknown>(name, type, view);
  const loaded = view.keep(type) !== "none";

  const check = (row: unknown): { key: string; value: unknown } => {
    const value = schema ? validateSync(schema, row, `A row of ${name}`) : row;
    const key = keyOf(value, primaryKey);
    if (key === undefined) {
      throw new SkeinError(
        "schema_validation_failed",
        `A row of ${name} has no text in its key field “${primaryKey}”.`,
      );
    }
    return { key, value };
  };
  const put = (operation: ChangeOperation, key: string, value?: unknown): void =>
    write({ type, key, ...(operation === "delete" ? {} : { value }), headers: { operation } });

  return {
    get: (key) => rows.get(key),
    has: (key) => rows.has(key),
    values: () => rows.values(),
    [Symbol.iterator]: () => rows.values(),
    subscribe: (listener) => rows.subscribe(listener),
    get size() {
      return rows.size;
    },
    insert(row) {
      const { key, value } = check(row);
      if (loaded && rows.has(key)) throw new SkeinError("conflict", `${name} has a row “${key}” already.`);
      put("insert", key, value);
    },
    upsert(row) {
      const { key, value } = check(row);
      put("upsert", key, value);
    },
    update(key, change) {
      const before = rows.get(key);
      if (before === undefined) throw new SkeinError("not_found", `${name} has no row “${key}”.`);
      const after = check(change(before));
      if (after.key !== key) {
        throw new SkeinError("schema_validation_failed", `An update of ${name} “${key}” cannot change its key.`);
      }
      put("update", key, after.value);
    },
    delete(key) {
      if (!loaded || rows.has(key)) put("delete", key);
    },
  };
}

export function createReadonlyCollection<Row>(name: string, type: string, view: StreamView): ReadonlyCollection<Row> {
  const { overlay } = view;
  const base = view.fold.rows(type);
  const kept = view.keep(type);

  const requireRead = (): void => {
    if (kept === "none") throw new SkeinError("invalid_request", `${name} was opened without its rows (load: none).`);
  };
  const requireRow = (key: string): never => {
    throw new SkeinError("invalid_request", `${name} holds only the keys of its rows (load: keys), not “${key}”.`);
  };
  // What others wrote is theirs to get right: rows of the log are given as the row type without being checked again.
  const has = (key: string): boolean => {
    requireRead();
    const over = overlay.get(type, key);
    return over ? over.present : base.has(key);
  };
  const get = (key: string): Row | undefined => {
    const over = overlay.get(type, key);
    if (over) return over.present ? (over.value as Row) : undefined;
    requireRead();
    if (kept === "keys" && base.has(key)) return requireRow(key);
    return base.get(key) as Row | undefined;
  };
  function* values(): Generator<Row, void, undefined> {
    requireRead();
    for (const { key, value } of base.entries()) {
      const over = overlay.get(type, key);
      if (over && !(over.present && over.inPlace)) continue;
      if (over) yield over.value as Row;
      else yield kept === "keys" ? requireRow(key) : (value as Row);
    }
    for (const over of overlay.rows(type).values()) if (over.present && !over.inPlace) yield over.value as Row;
  }
  return {
    get size() {
      requireRead();
      let size = base.size;
      for (const [key, { present }] of overlay.rows(type)) size += Number(present) - Number(base.has(key));
      return size;
    },
    get,
    has,
    values,
    [Symbol.iterator]: values,
    subscribe: (listener) => view.subscribe(listener),
  };
}

function keyOf(row: unknown, primaryKey: string): string | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const key: unknown = Reflect.get(row, primaryKey);
  return typeof key === "string" && key !== "" ? key : undefined;
}
