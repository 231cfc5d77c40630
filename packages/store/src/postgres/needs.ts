import type { PreparedOperation } from "../core/operation.ts";

/** The rows that a group of commits has to see, and so to have locked, before it can be decided. */
export class Needs {
  readonly streams = new Set<string>();
  /** By stream path: producers' ids. */
  readonly producers = new Map<string, Set<string>>();
  /** By collection: ids. */
  readonly records = new Map<string, Set<string>>();
  /** Ids of ephemeral streams whose messages' sizes matter. */
  readonly sizes = new Set<number>();
  newStreams = 0;

  addOperations(operations: readonly PreparedOperation[]): void {
    for (const operation of operations) this.#addOperation(operation);
  }

  #addOperation(operation: PreparedOperation): void {
    switch (operation.kind) {
      case "append":
        this.streams.add(operation.path);
        if (operation.producer) added(this.producers, operation.path, operation.producer.id);
        return;
      case "create-stream":
        this.streams.add(operation.path);
        this.newStreams++;
        return;
      case "fork-stream":
        this.streams.add(operation.path).add(operation.from);
        this.newStreams++;
        return;
      case "delete-stream":
      case "touch-stream":
        this.streams.add(operation.path);
        return;
      case "put-record":
      case "delete-record":
      case "check-record":
        added(this.records, operation.collection, operation.id);
        return;
    }
  }

  /** The locks' numbers, in the one order in which everybody takes them. */
  locks(): number[] {
    const buckets = new Set<number>();
    for (const path of this.streams) buckets.add(bucketOf(path));
    for (const [collection, ids] of this.records) for (const id of ids) buckets.add(bucketOf(`${collection}\0${id}`));
    return [...buckets].sort((left, right) => left - right);
  }
}

function added(sets: Map<string, Set<string>>, name: string, value: string): void {
  const set = sets.get(name);
  if (set) set.add(value);
  else sets.set(name, new Set([value]));
}

/**
 * Names share this many locks: enough that servers seldom wait for each other, and so few that the largest commit
 * stays below what PostgreSQL has room for (64 for each allowed connection).
 */
const BUCKETS = 1024;

/** FNV-1a. */
function bucketOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash ^= name.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % BUCKETS;
}
