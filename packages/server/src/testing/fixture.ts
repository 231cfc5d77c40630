import {
  claim,
  claimCommitResult,
  entity,
  mainStream,
  sendResult,
  type ChangeEvent,
  type Claim,
  type ClaimCommit,
  type ClaimCommitResult,
  type Entity,
  type SendResult,
} from "@skein/protocol";
import type { Store } from "@skein/store";
import { z } from "zod";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createCaller, read, type Answer, type Caller, type ServerUnderTest } from "./caller.ts";

/** One server and the ways in which the suite's rules use it. */
export interface Fixture {
  readonly server: ServerUnderTest;
  readonly store: Store;
  readonly call: Caller;
  /** Moves the store's clock. */
  readonly advance: (ms: number) => void;

  /** Registers a runner with entity types: names, or registrations. */
  readonly runner: (id: string, types: readonly (string | Record<string, unknown>)[]) => Promise<void>;
  readonly spawn: (url: string, body?: Record<string, unknown>) => Promise<Entity>;
  readonly send: (url: string, body: Record<string, unknown>) => Promise<SendResult>;
  readonly poll: (runner: string, body?: Record<string, unknown>) => Promise<Answer>;
  readonly claim: (runner: string) => Promise<Claim>;
  /** Resolves when all is done that is due now and follows from what was written before. */
  readonly settle: () => Promise<void>;
  /** A claim, once all of that is done. */
  readonly next: (runner: string) => Promise<Claim>;
  /** What a handler commits, as the wire wants it. */
  readonly commit: (claim: Claim, body: Partial<ClaimCommit> & { seq: number }) => Promise<Answer>;
  readonly committed: (claim: Claim, body: Partial<ClaimCommit> & { seq: number }) => Promise<ClaimCommitResult>;
  /** Acknowledges everything that is there and releases. */
  readonly finish: (claim: Claim, seq?: number) => Promise<ClaimCommitResult>;
  readonly events: (stream: string) => Promise<ChangeEvent[]>;
  readonly tail: (stream: string) => Promise<string>;
  /** Everything in the store, to see that nothing changed. */
  readonly dump: () => Promise<unknown>;
}

const FIRST = "0000000000000000_0000000000000000";

export function createFixture(server: ServerUnderTest, store: Store, advance: (ms: number) => void): Fixture {
  const call = createCaller(server);
  const commit: Fixture["commit"] = ({ entity: { url }, claimId, generation }, body) =>
    call("POST", `${url}/claim/commit`, { claimId, generation, ...body });
  const tail = async (stream: string): Promise<string> => {
    const answer = await call("GET", `${stream}?offset=${FIRST}`);
    return answer.headers.get("stream-next-offset") ?? "";
  };
  const register = async (id: string, types: readonly (string | Record<string, unknown>)[]): Promise<void> => {
    const registrations = types.map((type) => (typeof type === "string" ? { name: type, description: type } : type));
    read(z.unknown(), await call("PUT", `/_skein/runners/${id}`, { types: registrations }));
  };
  const claimOf: Fixture["claim"] = async (runner) => {
    const answer = await call("POST", `/_skein/runners/${runner}/poll`, { waitMs: 0 });
    if (answer.status === 204) throw new Error("There was nothing to claim.");
    return read(claim, answer);
  };
  let settler: Promise<void> | undefined;
  const settle = async (): Promise<void> => {
    // A runner that never finds work: its poll looks at all that is to be done before it says so.
    await (settler ??= register("settler", ["settler"]));
    const answer = await call("POST", "/_skein/runners/settler/poll", { waitMs: 0 });
    if (answer.status !== 204) throw new Error(`The server did not settle: ${answer.status}.`);
  };
  const committed: Fixture["committed"] = async (held, body) => read(claimCommitResult, await commit(held, body));
  return {
    server,
    store,
    call,
    advance,
    runner: register,
    spawn: async (url, body = {}) => read(entity, await call("PUT", url, body)),
    send: async (url, body) => read(sendResult, await call("POST", `${url}/send`, body)),
    poll: (runner, body = {}) => call("POST", `/_skein/runners/${runner}/poll`, { waitMs: 0, ...body }),
    claim: claimOf,
    settle,
    async next(runner) {
      await settle();
      return claimOf(runner);
    },
    commit,
    committed,
    finish: async (held, seq = 1) => committed(held, { seq, ack: await tail(mainStream(held.entity.url)), done: true }),
    events: async (stream) => {
      const { body } = await call("GET", `${stream}?offset=${FIRST}`);
      return z.array(z.custom<ChangeEvent>()).parse(body);
    },
    tail,
    dump: () => dumpStore(store),
  };
}

async function dumpStore(store: Store): Promise<unknown> {
  const streams = await store.listStreams({ prefix: "/", limit: 1000 });
  const collections = await Promise.all(
    Object.keys(SERVER_COLLECTIONS).map(async (collection) => {
      const { records } = await store.queryRecords({ collection, limit: 1000 });
      return [collection, records.map(({ id, version }) => `${id} v${version}`)] as const;
    }),
  );
  return {
    streams: streams.map(({ path, head, closed }) => ({ path, head, closed })),
    ...Object.fromEntries(collections),
  };
}

/** An event as a handler writes it. */
export function row(
  type: string,
  key: string,
  value?: unknown,
  operation: ChangeEvent["headers"]["operation"] = "upsert",
): ChangeEvent {
  return { type, key, ...(value !== undefined && { value }), headers: { operation } };
}

export function declared(id: string): ChangeEvent {
  const key = `shared-state:${id}`;
  return row("manifest", key, { key, kind: "shared-state", id, mode: "create" });
}

/** An observation as a handler declares it, under `observe:{name}`. */
export function declaredObservation(name: string, source: object, wake?: object, more: object = {}): ChangeEvent {
  const key = `observe:${name}`;
  return row("manifest", key, { key, kind: "observe", source, ...(wake && { wake }), ...more });
}
