import { withCommit, type CommitOutcome, type Operation, type Store } from "@skein/store";
import { isObservable } from "./paths.ts";

/** So many streams' standing is remembered; of others it is assumed that nobody observes them. */
const MAX_KNOWN = 10_000;
/** Observers come and go while a commit is tried: more often than this means that something is wrong. */
const MAX_ATTEMPTS = 20;

const NEWS = { fresh: true } as const;

/**
 * The same store, whose appends to an observed stream leave news of it, in the same commit: one small record, however
 * many observe. Whether a stream is observed is a record, too; what is remembered of it here is only a guess, which the
 * commit itself checks. So no append that comes after a declaration is missed, whichever server makes it, and an
 * append to what nobody observes costs the check of one record that is not there.
 */
export function createNewsStore(inner: Store): Store {
  /** Version of `observed/{path}` by path, 0 when it was not there. */
  const known = new Map<string, number>();

  const learn = async (path: string): Promise<void> => {
    const version = (await inner.getRecord("observed", path))?.version ?? 0;
    known.delete(path);
    if (version > 0) known.set(path, version);
    for (const oldest of known.keys()) {
      if (known.size <= MAX_KNOWN) break;
      known.delete(oldest);
    }
  };
  const commit = async (operations: readonly Operation[]): Promise<CommitOutcome> => {
    const paths = grownIn(operations);
    if (paths.length === 0) return inner.commit(operations);
    for (let attempt = 1; ; attempt += 1) {
      const added = paths.flatMap((path) => newsOf(path, known.get(path) ?? 0));
      const outcome = await inner.commit([...operations, ...added]);
      if (outcome.kind === "committed")
        return { kind: "committed", results: outcome.results.slice(0, operations.length) };
      const mine = added[outcome.operation - operations.length];
      if (mine === undefined) return outcome;
      if (attempt >= MAX_ATTEMPTS) throw new Error("Whether a stream is observed changes all the time.");
      if ("id" in mine) await learn(mine.id);
    }
  };
  return withCommit(inner, commit);
}

function grownIn(operations: readonly Operation[]): string[] {
  const paths = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === "append" && operation.messages.length > 0 && isObservable(operation.path))
      paths.add(operation.path);
  }
  // Whoever declares in this very commit leaves news by itself.
  for (const operation of operations) {
    if (operation.kind === "put-record" && operation.collection === "observed") paths.delete(operation.id);
  }
  return [...paths];
}

function newsOf(path: string, version: number): Operation[] {
  const check: Operation = { kind: "check-record", collection: "observed", id: path, expectedVersion: version };
  if (version === 0) return [check];
  return [check, { kind: "put-record", collection: "news", id: path, value: NEWS }];
}
