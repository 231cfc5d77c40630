import { claim, formatOffset, mainStream, parseOffset, wakeRow, type Claim } from "@skein/protocol";
import { createMemoryStore } from "@skein/store/memory";
import { seeded } from "@skein/store/testing";
import { expect, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { createFixture, declaredObservation, row, type Fixture } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";

/**
 * Sources that are written, and watchers that declare and take back, at two servers at the same time, in an order that
 * a seed decides. Afterwards what each watcher was told is compared with the logs.
 */
const SOURCES = ["/source/a", "/source/b", "/source/c"];
const WATCHERS = ["/watcher/a", "/watcher/b", "/watcher/c", "/watcher/d"];

interface Observed {
  readonly source: string;
  readonly from: number;
  /** Behind all that had been written when it was taken back. */
  until?: number;
}

test.each([1, 2])("[WK24][WK45] everything is told once, in order, and nothing else (seed %i)", async (seed) => {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error("There is nothing to pick.");
    return item;
  };
  const store = createMemoryStore({ collections: SERVER_COLLECTIONS });
  const servers = [createMemoryServer({ store }), createMemoryServer({ store })];
  const fixtures = servers.map((server) => createFixture(server, store, () => undefined));
  const at = (): Fixture => pick(fixtures);
  const first = pick(fixtures);
  await first.runner("s", ["source"]);
  await first.runner("w", ["watcher"]);
  const held = new Map<string, { claim: Claim; seq: number }>();
  for (const url of SOURCES) {
    await first.spawn(url);
    held.set(url, { claim: await first.claim("s"), seq: 0 });
  }
  for (const url of WATCHERS) await first.spawn(url);
  const head = async (url: string): Promise<number> => (await store.getStream(mainStream(url)))?.head ?? 0;
  const observations = new Map<string, Observed[]>();

  let written = 0;
  const write = async (url: string): Promise<void> => {
    const source = held.get(url);
    if (!source) return;
    const events = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      const key = `k${(written += 1)}`;
      return row("state:x", key, { key });
    });
    source.seq += 1;
    await at().committed(source.claim, { seq: source.seq, writes: [{ stream: mainStream(url), events }] });
  };
  /** One watcher's handler: it declares, or takes back, and is done. */
  const handle = async (work: Claim): Promise<void> => {
    const { url } = work.entity;
    const source = pick(SOURCES);
    const key = `${url} ${source}`;
    const known = observations.get(key) ?? [];
    observations.set(key, known);
    const open = known.at(-1);
    const ack = await at().tail(mainStream(url));
    const name = source.slice(1).replace("/", "-");
    const events =
      open && open.until === undefined
        ? random() < 0.5
          ? [row("manifest", `observe:${name}`, undefined, "delete")]
          : []
        : [
            declaredObservation(
              name,
              { kind: "entity", url: source },
              { on: "change" },
              { from: formatOffset(await head(source)) },
            ),
          ];
    const [event] = events;
    if (event && event.headers.operation !== "delete") {
      known.push({ source, from: parseOffset((event.value as { from: string }).from) ?? 0 });
    }
    await at().committed(work, { seq: 1, writes: [{ stream: mainStream(url), events }], ack, done: true });
    if (event?.headers.operation === "delete" && open) open.until = await head(source);
  };
  const run = async (): Promise<void> => {
    const answer = await at().poll("w");
    if (answer.status === 200) await handle(claim.parse(answer.body));
  };
  for (let step = 0; step < 60; step += 1) {
    // Each source has one writer at a time, and each watcher at most one handler: the claims see to that.
    const writes = SOURCES.filter(() => random() < 0.5).map(write);
    const runs = WATCHERS.filter(() => random() < 0.4).map(run);
    const sends = WATCHERS.filter(() => random() < 0.2).map((url) => at().send(url, { payload: step }));
    await Promise.all([...writes, ...runs, ...sends]);
  }
  await first.settle();

  const placesIn = async (source: string): Promise<number[]> =>
    (await first.events(mainStream(source))).flatMap(({ type }, position) => (type === "state:x" ? [position] : []));
  for (const [key, known] of observations) {
    const [url = "", source = ""] = key.split(" ");
    const told = (await first.events(mainStream(url)))
      .filter(({ type }) => type === "wake")
      .map(({ value }) => wakeRow.parse(value))
      .flatMap((wake) => (wake.reason === "change" && wake.source === source ? wake.changes : []))
      .map(({ offset }) => parseOffset(offset) ?? -1);
    expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b));
    const covered = (position: number): boolean =>
      known.some(({ from, until = Infinity }) => from <= position && position < until);
    expect(told.filter((position) => !covered(position))).toEqual([]);
    // What was written shortly before it was taken back may have come too late.
    const open = known.at(-1);
    if (open?.until !== undefined || !open) continue;
    const owed = (await placesIn(source)).filter((position) => position >= open.from);
    expect(told.filter((position) => position >= open.from)).toEqual(owed);
  }
  for (const { server } of servers) server.close();
  await store.close();
});
