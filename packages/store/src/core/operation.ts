import type { CollectionDefinitions, Operation } from "../store.ts";

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
      requireCollection(operation.collection, collections);
      const { value, ...rest } = operation;
      const json: string | undefined = JSON.stringify(value);
      if (json === undefined) throw new TypeError(`The value of ${rest.collection}/${rest.id} is not JSON`);
      return { ...rest, json };
    }
    case "delete-record":
    case "check-record":
      requireCollection(operation.collection, collections);
      return operation;
    case "append":
      if (operation.producer) requireProducer(operation.producer);
      return operation;
    case "create-stream":
    case "fork-stream":
    case "delete-stream":
    case "touch-stream":
      if (operation.path === "") throw new TypeError("A stream's path is not empty");
      return operation;
  }
}

export function requireCollection(collection: string, collections: CollectionDefinitions): void {
  if (!Object.hasOwn(collections, collection)) throw new TypeError(`Collection ${collection} was not declared`);
}

function requireProducer({ epoch, seq }: { epoch: number; seq: number }): void {
  if (!isCount(epoch) || !isCount(seq)) throw new TypeError("A producer's epoch and seq are whole numbers from 0");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
