import type { Changes } from "../core/draft.ts";
import type { PreparedOperation } from "../core/operation.ts";
import type { CollectionDefinitions, Operation } from "../store.ts";
import type { GroupReport } from "../core/observe.ts";
import type { JournalBounds } from "./journal-writer.ts";

/**
 * What the store and its writer thread say to each other. The bodies of all messages of a batch travel in one block
 * of memory that changes hands without a copy; the operations carry only their lengths.
 */
type Append = Extract<Operation, { kind: "append" }>;
export type WireOperation =
  | Exclude<PreparedOperation, Append>
  | (Omit<Append, "messages"> & { readonly lengths: readonly number[] });

export interface WriterStart {
  readonly folder: string;
  readonly collections: CollectionDefinitions;
  readonly journal?: JournalBounds | undefined;
}

export type ToWriter =
  | {
      readonly kind: "commits";
      /** The store's clock when the batch was sent: the writer has none of its own. */
      readonly now: number;
      readonly commits: readonly (readonly WireOperation[])[];
      readonly bodies: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: "close" };

/** Outcomes come in the order of the commits. */
export type FromWriter =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "group";
      /** See `wire-outcomes.ts`. */
      readonly outcomes: string;
      readonly ephemeral: Changes | undefined;
      readonly report: GroupReport;
    }
  | { readonly kind: "failed"; readonly commits: number; readonly message: string }
  | { readonly kind: "closed" };

export function packBatch(
  now: number,
  commits: readonly (readonly PreparedOperation[])[],
): Extract<ToWriter, { kind: "commits" }> {
  let size = 0;
  for (const operations of commits)
    for (const operation of operations)
      if (operation.kind === "append") for (const { byteLength } of operation.messages) size += byteLength;
  const bodies = new Uint8Array(size);
  let at = 0;
  const packed = commits.map((operations) =>
    operations.map((operation): WireOperation => {
      if (operation.kind !== "append") return operation;
      const { messages, ...rest } = operation;
      for (const message of messages) {
        bodies.set(message, at);
        at += message.byteLength;
      }
      return { ...rest, lengths: messages.map(({ byteLength }) => byteLength) };
    }),
  );
  return { kind: "commits", now, commits: packed, bodies };
}

export function unpackBatch({
  commits,
  bodies,
}: Pick<Extract<ToWriter, { kind: "commits" }>, "commits" | "bodies">): PreparedOperation[][] {
  let at = 0;
  return commits.map((operations) =>
    operations.map((operation): PreparedOperation => {
      if (operation.kind !== "append") return operation;
      const { lengths, ...rest } = operation;
      const messages = lengths.map((length) => bodies.subarray(at, (at += length)));
      return { ...rest, messages };
    }),
  );
}
