import { createMemoryStore } from "@skein/store/memory";
import type { Operation, Store } from "@skein/store";
import { createFakeServer, type FakeEntity, type FakeState } from "@skein/runtime/testing";
import { createFixture, SERVER_COLLECTIONS, type Fixture } from "@skein/server/testing/suite";

/** The server's own rules over the server in memory: what the suite looks up in a store is told from its state. */
export function createFakeFixture(): Fixture {
  let time = Date.UTC(2026, 0, 1);
  const clock = {
    now: () => time,
    after(ms: number, call: () => void) {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    random: () => 0.5,
  };
  const server = createFakeServer({ clock });
  const advance = (ms: number): void => {
    time += ms;
  };
  const fixture = createFixture(server, storeOver(server.state), advance);
  const dump = async (): Promise<unknown> => structuredClone(plain(server.state));
  return { ...fixture, dump };
}

function plain(state: FakeState): unknown {
  const { entities, types, runners, subscriptions, drivers, streams } = state;
  const heads = [...streams.values()].map(({ path, head, closed }) => ({ path, head, closed }));
  return { entities, types, runners, subscriptions, drivers, heads };
}

function storeOver(state: FakeState): Store {
  const now = (): number => state.clock.now();
  const empty = (): Store => createMemoryStore({ collections: SERVER_COLLECTIONS, now });
  const mirror = async (): Promise<Store> => {
    const store = empty();
    await store.commit(records(state));
    return store;
  };
  return {
    ...empty(),
    now,
    queryRecords: async (query) => (await mirror()).queryRecords(query),
    getRecord: async (collection, id) => (await mirror()).getRecord(collection, id),
    async commit(operations) {
      const [operation] = operations;
      if (operation?.kind !== "append" || !operation.producer) throw new Error("The suite writes nothing else.");
      const { epoch, seq } = operation.producer;
      const entity = state.entities.get(operation.path.replace(/\/main$/, ""));
      const reached = entity?.wake?.generation ?? 0;
      if (epoch >= reached) throw new Error("This append would not be fenced.");
      return { kind: "rejected", operation: 0, reason: { kind: "producer-fenced", epoch: reached, seq } };
    },
  };
}

function records(state: FakeState): Operation[] {
  const put = (collection: string, id: string, value: unknown): Operation => ({
    kind: "put-record",
    collection,
    id,
    value,
  });
  return [
    ...[...state.entities.values()].flatMap(({ entity: { url, type }, wake }) =>
      wake ? [put("wakes", url, { ...withoutSecret(wake), entity: url, type })] : [],
    ),
    ...[...state.entities.values()].flatMap(({ entity: { url }, openRuns }) =>
      [...openRuns.values()].map((row) => put("runs", `${url} ${row.key}`, { entity: url, near: 0, row })),
    ),
    ...[...state.subscriptions].map(([id, value]) => put("subscriptions", id, value)),
    ...[...state.calls.values()].map(({ id, runner }) => put("calls", id, { runner })),
  ];
}

/** Nothing is stored here, so there is nothing to be stored as a hash. */
function withoutSecret({ claim, ...wake }: NonNullable<FakeEntity["wake"]>): object {
  return claim ? { ...wake, claim: { holder: claim.holder, leaseUntil: claim.leaseUntil } } : wake;
}
