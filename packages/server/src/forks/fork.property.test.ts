import { createHash } from "node:crypto";
import { formatOffset, type Claim } from "@skein/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createFixture, declared, row, type Fixture } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";

/** Random histories, forks at random places, further rows on all sides, and deletions: held against a model. */
const FORKABLE = { name: "coder", description: "A coder.", fork: { omitArgs: ["resource"] } };
const pathOf = (id: string) => `/_skein/shared-state/coder-session/${id}`;

interface Modelled {
  readonly id: string;
  readonly held: Claim;
  seq: number;
  /** Keys of the rows, blobs' contents, and native records. */
  rows: string[];
  native: string[];
  blobs: string[];
  state: "alive" | "deleted";
}

class World {
  readonly sessions: Modelled[] = [];
  readonly #on: Fixture;
  #count = 0;

  constructor(on: Fixture) {
    this.#on = on;
  }

  async begin(): Promise<void> {
    await this.#on.runner("r", [FORKABLE]);
    await this.#on.spawn("/coder/s0");
    this.sessions.push(await this.#setUp("s0", { rows: [], native: [], blobs: [] }));
    await this.append(0);
  }

  /** The `n`th of those that are there. */
  #pick(n: number): Modelled | undefined {
    const there = this.sessions.filter(({ state }) => state === "alive");
    return there[n % Math.max(1, there.length)];
  }

  async #setUp(id: string, has: Pick<Modelled, "rows" | "native" | "blobs">): Promise<Modelled> {
    const held = await this.#on.claim("r");
    expect(held.entity.url).toBe(`/coder/${id}`);
    const writes = [
      { stream: `/coder/${id}/main`, events: [declared(`coder-session/${id}`)] },
      { stream: pathOf(id), create: true, events: [] },
    ];
    await this.#on.committed(held, { seq: 1, writes, tags: { set: { coderResource: `coder-session/${id}` } } });
    return { id, held, seq: 2, state: "alive", ...has };
  }

  async append(n: number): Promise<void> {
    const session = this.#pick(n);
    if (session === undefined) return;
    const key = `row${String((this.#count += 1))}`;
    const writes = [
      { stream: pathOf(session.id), events: [row("x", key, { key })] },
      { stream: `${pathOf(session.id)}/native`, create: true, events: [row("n", key, { key })] },
    ];
    await this.#on.committed(session.held, { seq: session.seq, writes });
    session.seq += 1;
    session.rows.push(key);
    session.native.push(key);
  }

  async blob(n: number): Promise<void> {
    const session = this.#pick(n);
    if (session === undefined) return;
    const content = `content ${String(n % 3)}`;
    const stream = encodeURIComponent(blobOf(session.id, content));
    const claim = { "skein-claim": session.held.claimId, "skein-generation": String(session.held.generation) };
    const url = `/coder/${session.id}/claim/blob?stream=${stream}`;
    expect((await this.#on.call("PUT", url, content, { "content-type": "text/plain", ...claim })).status).toBe(204);
    if (!session.blobs.includes(content)) session.blobs.push(content);
  }

  async fork(n: number, at: number, how: "row" | "offset" | "end"): Promise<void> {
    const origin = this.#pick(n);
    if (origin === undefined) return;
    const id = `s${String(this.sessions.length)}`;
    const kept = how === "end" ? origin.rows.length : 1 + (at % origin.rows.length);
    const place = {
      row: { at: origin.rows[kept - 1] },
      offset: { at: formatOffset(kept) },
      end: {},
    }[how];
    const answer = await this.#on.call("POST", `/coder/${origin.id}/fork`, { id, ...place });
    expect([answer.status, answer.body]).toMatchObject([201, { url: `/coder/${id}` }]);
    const again = await this.#on.call("POST", `/coder/${origin.id}/fork`, { id, ...place });
    expect([again.status, again.body]).toEqual([200, answer.body]);
    const has = { rows: origin.rows.slice(0, kept), native: [...origin.native], blobs: [...origin.blobs] };
    this.sessions.push(await this.#setUp(id, has));
  }

  async remove(n: number): Promise<void> {
    const session = this.#pick(n);
    if (session === undefined) return;
    const path = `/_skein/sessions/${session.id}`;
    expect((await this.#on.call("DELETE", path)).status).toBe(409);
    await this.#on.call("DELETE", `/coder/${session.id}`);
    expect((await this.#on.call("DELETE", path)).status).toBe(204);
    session.state = "deleted";
  }

  async removeAll(): Promise<void> {
    while (this.sessions.some(({ state }) => state === "alive")) {
      await this.remove(7);
      await this.check();
    }
  }

  async check(): Promise<void> {
    for (const session of this.sessions) {
      const { id, state } = session;
      if (state === "deleted") {
        for (const path of [pathOf(id), `${pathOf(id)}/native`, `/_skein/sessions/${id}`]) {
          expect([404, 410]).toContain((await this.#on.call("GET", `${path}?offset=-1`)).status);
        }
        continue;
      }
      expect((await this.#on.events(pathOf(id))).map(({ key }) => key)).toEqual(session.rows);
      const native = await this.#on.call("GET", `${pathOf(id)}/native?offset=-1`);
      if (session.native.length > 0) expect(native.body).toMatchObject(session.native.map((key) => ({ key })));
      for (const content of session.blobs) {
        expect((await this.#on.call("GET", blobOf(id, content))).body).toBe(content);
      }
    }
    if (this.sessions.every(({ state }) => state === "deleted")) {
      const left = await this.#on.store.listStreams({ prefix: "/_skein/shared-state/", limit: 100 });
      expect(left.filter(({ deleted }) => !deleted)).toEqual([]);
      expect((await this.#on.store.queryRecords({ collection: "resources", limit: 10 })).records).toEqual([]);
    }
  }
}

const blobOf = (id: string, content: string) =>
  `${pathOf(id)}/blobs/${createHash("sha256").update(content).digest("hex")}`;

const which = fc.nat({ max: 20 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), n: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("blob" as const), n: which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("fork" as const),
      n: which,
      at: which,
      how: fc.constantFrom("row" as const, "offset" as const, "end" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), n: which }) },
);

test(
  "[FK10][FK12][FK13] the prefix is equal, the rest independent, and deleting any leaves all others whole",
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, all) => {
        const server = createMemoryServer();
        try {
          const world = new World(createFixture(server, server.store, () => undefined));
          await world.begin();
          for (const one of steps) {
            if (one.kind === "append") await world.append(one.n);
            if (one.kind === "blob") await world.blob(one.n);
            if (one.kind === "fork") await world.fork(one.n, one.at, one.how);
            if (one.kind === "remove") await world.remove(one.n);
          }
          await world.check();
          const left = (): boolean => all && world.sessions.some(({ state }) => state === "alive");
          while (left()) {
            await world.remove(7);
            await world.check();
          }
        } finally {
          await server.close();
        }
      }),
      { numRuns: 25 },
    );
  },
);
