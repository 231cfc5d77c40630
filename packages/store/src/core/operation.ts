import type { CollectionDefinitions, Operation, ProducerStamp } from "../store.ts";

type PutRecord = Extract<Operation, { kind: "put-record" }>;

/** An operation as engines take it: the value of a record is JSON text, so nobody can change it afterwards. */
export type PreparedOperation = Exclude<Operation, PutRecord> | (Omit<PutRecord, "value"> & { readonly json: string });

/** Checks what only a mistake in the calling code can bring about; such a commit throws and is no outcome. */
export function prepareOperations(
  operations: readonly Operation[],
  collections: CollectionDefinitions,
): PreparedOperation[] {
  return operations.map((operation) => prepare(operation, collections));
}

function prepare(operation: Operation, collections: CollectionDefinitions): PreparedOperation {
  switch (operation.kind) {
    case "put-record": {
      requireRecord(operation, collections);
      const { value, ...rest } = operation;
      const json: string | undefined = JSON.stringify(value);
      if (json === undefined) throw new TypeError(`The value of ${rest.collection}/${rest.id} is not JSON`);
      return { ...rest, json };
    }
    case "delete-record":
    case "check-record":
      requireRecord(operation, collections);
      return operation;
    case "append":
      requireName(operation.path);
      if (operation.streamSeq !== undefined) requireName(operation.streamSeq);
      if (operation.producer) requireProducer(operation.producer);
      return operation;
    case "create-stream":
    case "fork-stream":
    case "delete-stream":
    case "touch-stream":
      requireName(operation.path);
      return operation;
  }
}

/** What is kept as text in databases, which have no zero character in it. */
function requireName(name: string): void {
  if (name === "" || name.includes("\0")) throw new TypeError(`Not a name: ${JSON.stringify(name)}`);
}

function requireRecord({ collection, id }: { collection: string; id: string }, collections: CollectionDefinitions) {
  requireCollection(collection, collections);
  requireName(id);
}

export function requireCollection(collection: string, collections: CollectionDefinitions): void {
  if (!Object.hasOwn(collections, collection)) throw new TypeError(`Collection ${collection} was not declared`);
}

function requireProducer({ id, epoch, seq }: ProducerStamp): void {
  requireName(id);
  if (!isCount(epoch) || !isCount(seq)) throw new TypeError("A producer's epoch and seq are whole numbers from 0");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
