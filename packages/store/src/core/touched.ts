import type { PreparedOperation } from "./operation.ts";

/** The streams and collections whose watchers hear of a commit. */
export interface Touched {
  readonly streams: ReadonlySet<string>;
  readonly collections: ReadonlySet<string>;
}

export function touchedBy(operations: readonly PreparedOperation[]): Touched {
  const streams = new Set<string>();
  const collections = new Set<string>();
  for (const operation of operations) {
    if ("path" in operation) streams.add(operation.path);
    else if (operation.kind !== "check-record") collections.add(operation.collection);
  }
  return { streams, collections };
}
