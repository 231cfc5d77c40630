import { withCommit, type CommitOutcome, type Store } from "@skein/store";
import type { Observe } from "./observe.ts";

type Fetch = (request: Request) => Promise<Response>;

/** Stands around what a server does, for traces: whoever measures it brings the library for that. */
export interface ServerTrace {
  /** Around a request, until its answer's head. */
  request(request: Request, answer: () => Promise<Response>): Promise<Response>;
  /** Around a commit of so many operations, from its call until it is durable or refused. */
  commit(operations: number, commit: () => Promise<CommitOutcome>): Promise<CommitOutcome>;
  /** Told within the request: which route it was, what was refused, what was claimed. */
  readonly observe: Observe;
}

/** The store, with its commits traced. */
export function traceCommits(store: Store, trace: ServerTrace): Store {
  return withCommit(store, (operations) => trace.commit(operations.length, () => store.commit(operations)));
}

/** `fetch`, with its requests traced. */
export function traceRequests(fetch: Fetch, trace: ServerTrace): Fetch {
  return (request) => trace.request(request, () => fetch(request));
}
