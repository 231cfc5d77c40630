import { withCommit, type Operation, type Store } from "@skein/store";

/** A store that lets a test do something at the very moment between a plan and its commit. */
export interface InterceptedStore {
  readonly store: Store;
  /** Runs `act` in front of the next commit that `when` picks, once. */
  before(when: (operations: readonly Operation[]) => boolean, act: () => Promise<unknown> | void): void;
}

export function interceptStore(inner: Store): InterceptedStore {
  const waiting: { when: (operations: readonly Operation[]) => boolean; act: () => Promise<unknown> | void }[] = [];
  const store = withCommit(inner, async (operations) => {
    const index = waiting.findIndex(({ when }) => when(operations));
    const [found] = index < 0 ? [] : waiting.splice(index, 1);
    await found?.act();
    return inner.commit(operations);
  });
  return { store, before: (when, act) => void waiting.push({ when, act }) };
}

/** Whether a commit touches a record of this collection in this way. */
export function touches(kind: Operation["kind"], collection: string) {
  return (operations: readonly Operation[]): boolean =>
    operations.some(
      (operation) => operation.kind === kind && "collection" in operation && operation.collection === collection,
    );
}
