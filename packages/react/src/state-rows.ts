import type { Fold } from "@skein/runtime/client";
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Collections of a state stream as the runtime declares them: name → the type of its events, and what a row is. */
export type StateShape = Readonly<
  Record<string, { readonly type: string; readonly schema?: StandardSchemaV1<unknown, unknown> }>
>;
export type StateRow<D> = D extends { readonly schema: StandardSchemaV1<unknown, infer Row> }
  ? Row
  : Record<string, unknown>;
/** Rows in the order in which the log first had them. A row that does not fit its schema is left out. */
export type StateRows<S extends StateShape> = { readonly [K in keyof S]: readonly StateRow<S[K]>[] };

/** The rows of one collection, the same objects for as long as they do not change. */
export type ReadRows = <S extends StateShape>(fold: Fold | undefined, shape: S) => StateRows<S>;

/** Reads rows through their schemas, each value once. */
export function createRowReader(): ReadRows {
  const read = new WeakMap<object, { readonly row: unknown } | undefined>();
  const rowOf = (value: unknown, schema: StandardSchemaV1 | undefined): { readonly row: unknown } | undefined => {
    if (typeof value !== "object" || value === null) return undefined;
    if (!schema) return { row: value };
    const known = read.get(value);
    if (known || read.has(value)) return known;
    const result = schema["~standard"].validate(value);
    const parsed = result instanceof Promise || result.issues ? undefined : { row: result.value };
    read.set(value, parsed);
    return parsed;
  };
  const rowsOf = (fold: Fold, type: string, schema: StandardSchemaV1 | undefined): unknown[] =>
    [...fold.rows(type).entries()].flatMap(({ value }) => {
      const parsed = rowOf(value, schema);
      return parsed ? [parsed.row] : [];
    });
  // TypeScript cannot say that mapping a shape's entries makes an object of the same names.
  return <S extends StateShape>(fold: Fold | undefined, shape: S) =>
    Object.fromEntries(
      Object.entries(shape).map(([name, { type, schema }]) => [name, fold ? rowsOf(fold, type, schema) : []]),
    ) as object as StateRows<S>;
}
