import type { Changes, State } from "../core/draft.ts";
import { Draft } from "../core/draft.ts";
import type { MemoryStreams } from "../memory/streams.ts";

/** Changes apart: what goes to the disk, and what is of ephemeral streams and stays in memory. */
export function splitChanges(
  changes: Changes,
  known: MemoryStreams,
  base: State,
): { readonly durable: Changes; readonly ephemeral: Changes } {
  const durable = new Draft(base);
  const ephemeral = new Draft(base);
  const ephemeralIds = new Set<number>();
  for (const [path, row] of changes.streams) {
    const before = known.row(path);
    if (before) ephemeralIds.add(before.id);
    if (row?.ephemeral) ephemeralIds.add(row.id);
    if (row?.ephemeral || before) ephemeral.streams.set(path, row?.ephemeral ? row : null);
    durable.streams.set(path, row?.ephemeral ? null : row);
  }
  for (const id of changes.purged) (ephemeralIds.has(id) ? ephemeral : durable).purged.add(id);
  for (const [id, { start, messages }] of changes.appended)
    (ephemeralIds.has(id) ? ephemeral : durable).append(id, start, messages);
  for (const [id, producers] of changes.producers)
    for (const [producerId, row] of producers)
      (ephemeralIds.has(id) ? ephemeral : durable).putProducer(id, producerId, row);
  for (const [collection, records] of changes.records)
    for (const [id, row] of records) durable.putRecord(collection, id, row);
  return { durable, ephemeral };
}

/** Whether nothing of it has to be written: a path without a row is only a row to forget. */
export function isEmpty(changes: Changes): boolean {
  return (
    changes.purged.size === 0 &&
    changes.records.size === 0 &&
    changes.appended.size === 0 &&
    changes.producers.size === 0 &&
    [...changes.streams.values()].every((row) => row === null)
  );
}
