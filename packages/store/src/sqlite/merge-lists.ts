import { textBytes } from "../core/index-keys.ts";
import type { StreamRow } from "../core/rows.ts";

/** Two lists in the order of paths into one. */
export function mergeLists(durable: readonly StreamRow[], ephemeral: readonly StreamRow[]): readonly StreamRow[] {
  if (ephemeral.length === 0) return durable;
  return [...durable, ...ephemeral]
    .map((row) => ({ row, key: textBytes(row.path) }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ row }) => row);
}
