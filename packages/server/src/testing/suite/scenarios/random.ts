import { claim, entityPage, type ChangeEvent } from "@skein/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { failure, read } from "../../caller.ts";
import { row, type Fixture } from "../../fixture.ts";

const ACTIONS = [
  { weight: 15, arbitrary: fc.constant("register_type" as const) },
  { weight: 5, arbitrary: fc.constant("delete_type" as const) },
  { weight: 25, arbitrary: fc.constant("spawn" as const) },
  { weight: 20, arbitrary: fc.constant("send" as const) },
  { weight: 10, arbitrary: fc.constant("write" as const) },
  { weight: 5, arbitrary: fc.constant("set_tag" as const) },
  { weight: 10, arbitrary: fc.constant("kill" as const) },
  { weight: 5, arbitrary: fc.constant("check_status" as const) },
  { weight: 5, arbitrary: fc.constant("list" as const) },
];
const steps = fc.array(fc.tuple(fc.oneof(...ACTIONS), fc.nat(99)), { minLength: 3, maxLength: 12 });
type Action = (typeof ACTIONS)[number]["arbitrary"] extends fc.Arbitrary<infer One> ? One : never;

/** What must be so of an entity, whatever was done. */
interface Expected {
  readonly url: string;
  readonly type: string;
  readonly sent: number[];
  readonly written: number[];
  readonly tags: Record<string, string>;
  killed: boolean;
}

/** A world as it should be, changed together with the server's. */
class World {
  readonly #on: Fixture;
  readonly #name: string;
  readonly #types = new Set<string>();
  readonly #entities: Expected[] = [];
  #count = 0;

  constructor(on: Fixture, name: string) {
    this.#on = on;
    this.#name = name;
  }

  async act(action: Action, pick: number): Promise<void> {
    const { call } = this.#on;
    const n = (this.#count += 1);
    const one = this.#entities[pick % Math.max(1, this.#entities.length)];
    switch (action) {
      case "register_type": {
        const type = `${this.#name}-${pick % 3}`;
        this.#types.add(type);
        await this.#on.runner(this.#name, [...this.#types]);
        return;
      }
      case "delete_type": {
        const type = `${this.#name}-${pick % 3}`;
        const answer = await call("DELETE", `/_skein/entity-types/${type}`);
        expect(answer.status).toBe(this.#types.delete(type) ? 204 : 404);
        return;
      }
      case "spawn":
        return this.#spawn(`${this.#name}-${pick % 3}`, n);
      case "send": {
        if (!one) return;
        const answer = await call("POST", `${one.url}/send`, { payload: n });
        expect(answer.status).toBe(one.killed ? 409 : 200);
        if (!one.killed) one.sent.push(n);
        return;
      }
      case "write":
        return this.#write(n);
      case "set_tag": {
        if (!one) return;
        const answer = await call("POST", `${one.url}/tags/t${pick % 2}`, { value: String(n) });
        expect(answer.status).toBe(one.killed ? 409 : 200);
        if (!one.killed) one.tags[`t${pick % 2}`] = String(n);
        return;
      }
      case "kill": {
        if (!one) return;
        expect((await call("DELETE", one.url)).status).toBe(200);
        one.killed = true;
        return;
      }
      case "check_status":
        if (one) await this.#check(one);
        return;
      case "list": {
        const page = read(entityPage, await call("GET", "/_skein/entities?limit=1000"));
        const own = page.entities.filter(({ url }) => url.startsWith(`/${this.#name}-`)).map(({ url }) => url);
        expect(own.toSorted()).toEqual(this.#entities.map(({ url }) => url).toSorted());
      }
    }
  }

  async #spawn(type: string, n: number): Promise<void> {
    const url = `/${type}/e${n}`;
    const answer = await this.#on.call("PUT", url, {});
    if (!this.#types.has(type)) {
      expect(failure(answer)).toMatchObject({ status: 404, code: "unknown_entity_type" });
      return;
    }
    expect(answer.status).toBe(201);
    this.#entities.push({ url, type, sent: [], written: [], tags: {}, killed: false });
  }

  /** Whoever is ready is claimed, writes, and acknowledges what it was sent. */
  async #write(n: number): Promise<void> {
    if (this.#types.size === 0) return;
    const answer = await this.#on.poll(this.#name);
    const ready = this.#entities.filter(({ killed, type }) => !killed && this.#types.has(type));
    if (answer.status === 204) return;
    const held = read(claim, answer);
    const one = ready.find(({ url }) => url === held.entity.url);
    if (!one) throw new Error(`${held.entity.url} could be claimed.`);
    const stream = `${one.url}/main`;
    await this.#on.committed(held, { seq: 1, writes: [{ stream, events: [row("note", String(n), { n })] }] });
    await this.#on.finish(held, 2);
    one.written.push(n);
  }

  async #check({ url, sent, written, tags, killed }: Expected): Promise<void> {
    const { body } = await this.#on.call("GET", url);
    expect(body).toMatchObject({ url, tags, status: killed ? "killed" : "idle", streams: { main: `${url}/main` } });
    const log = await this.#on.events(`${url}/main`);
    const of = (type: string): ChangeEvent[] => log.filter((event) => event.type === type);
    expect(of("inbox").map(({ value }) => Object(value).payload as unknown)).toEqual(sent);
    expect(of("note").map(({ key }) => Number(key))).toEqual(written);
    expect(log[0]?.type).toBe("entity_created");
    expect(log.findIndex(({ type }) => type === "entity_ended")).toBe(killed ? log.length - 1 : -1);
  }

  async checkAll(): Promise<void> {
    for (const entity of this.#entities) await this.#check(entity);
  }
}

export function randomScenarios(on: () => Fixture): void {
  test("[SC10] random action sequences preserve safety invariants", async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (actions) => {
        const world = new World(on(), `w${(count += 1)}`);
        for (const [action, pick] of actions) await world.act(action, pick);
        await world.checkAll();
      }),
      { seed: 20_261_122, numRuns: 15, endOnFailure: true },
    );
  });
}
