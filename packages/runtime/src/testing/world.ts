import type { Message, RunnerLabels, SpawnRequest } from "@skein/protocol";
import { entityUrl } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import type { Registry } from "../registry.ts";
import type { CallHandlers } from "../runner/calls.ts";
import { createHost } from "./host.ts";
import { inspectEntity, inspectSharedState, type TestEntity, type TestSharedState } from "./inspect.ts";
import { createInterference, type Mishap } from "./interference.ts";
import { createManualClock } from "./manual-clock.ts";
import { createFakeServer } from "./server/fake-server.ts";
import { nextTime } from "./server/time.ts";

export interface TestWorldOptions {
  readonly registry: Registry;
  /** What the clock shows at first, milliseconds since 1970. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number;
  /** What the runner can be asked, besides `admit`. */
  readonly calls?: CallHandlers;
  /** Of the runner. An entity whose `dispatch` asks for others waits. */
  readonly labels?: RunnerLabels;
  /** Default: 30,000. */
  readonly leaseMs?: number;
}

/**
 * Handlers at work without a server, a socket or time of their own: the code of the runner and the handlers is the real
 * one; what it talks to is in memory and is held to the server's own rules.
 *
 * @example
 * const world = createTestWorld({ registry });
 * const counter = await world.spawn("counter", "a");
 * await counter.send({ payload: { add: 2 } });
 * await world.quiet();
 * expect(counter.rows(counterState.totals)).toEqual([{ key: "all", n: 2 }]);
 * await world.close();
 */
export interface TestWorld {
  readonly client: Client;
  readonly now: number;
  /** What handlers and the runner said: `warn /counter/a: …`. */
  readonly logs: readonly string[];
  spawn(type: string, id: string, request?: SpawnRequest): Promise<TestEntity>;
  send(to: string, message: Message): Promise<void>;
  entity(url: string): TestEntity;
  sharedState(id: string): TestSharedState;
  /**
   * Waits until no handler runs and none has anything to do, at the time that it is. A handler that waits for time or
   * for a message never gets there: `until` and `advance` are for those. Rejects after ten real seconds.
   */
  quiet(): Promise<void>;
  /** Waits until a condition holds, which is asked after everything that happens. Rejects after ten real seconds. */
  until(condition: () => boolean): Promise<void>;
  /**
   * Moves the clock: delayed messages, schedules, debounces, timeouts, heartbeats and whatever else falls due happens
   * in order of its time, and what follows from it. Handlers that wait for something real are not waited for.
   */
  advance(ms: number): Promise<void>;
  /** Something goes wrong with a commit of this entity: with the next (1), the one after it (2), … */
  mishap(url: string, nth: number, mishap: Mishap): void;
  /** The process of all handlers dies, with everything in its memory, and is started anew. */
  restart(): void;
  close(): Promise<void>;
}

/** Real time: a test that waits longer than this has gone wrong. */
const PATIENCE_MS = 10_000;
/** Delays of up to this pass by themselves: they only group what happens at once. */
const AT_ONCE_MS = 10;
/** So many turns of the event loop without a request: whoever still runs waits for something. */
const STILL_TURNS = 10;

export function createTestWorld(options: TestWorldOptions): TestWorld {
  const { registry, now = Date.UTC(2026, 0, 1), calls = {}, labels = {}, leaseMs } = options;
  const manual = createManualClock(now);
  const clock: Clock = { ...manual, after: (ms, call) => (ms <= AT_ONCE_MS ? soon(call) : manual.after(ms, call)) };
  const server = createFakeServer({ clock, ...(leaseMs !== undefined && { leaseMs }) });
  const { state } = server;
  const interference = createInterference();
  const logs: string[] = [];
  const host = createHost({
    server,
    clock,
    registry,
    calls,
    labels,
    interference,
    log: (line) => void logs.push(line),
  });
  const { client } = host;

  const isQuiet = (): boolean =>
    host.running.size === 0 && state.calls.size === 0 && (nextTime(state, host.serves) ?? Infinity) > clock.now();
  const wait = async (condition: () => boolean, failure: string): Promise<void> => {
    const end = performance.now() + PATIENCE_MS;
    host.look();
    await nextTurn();
    for (let turn = 0; !condition(); turn += 1) {
      if (performance.now() > end) throw new Error(`${failure} within ${PATIENCE_MS} ms. ${situation()}`);
      // Most waits are over after a few turns; the others shall not keep a core busy.
      await (turn < 200 ? nextTurn() : new Promise((resolve) => setTimeout(resolve, 2)));
    }
  };
  const situation = (): string =>
    host.running.size === 0
      ? "No handler is running."
      : `Handlers that are running: ${[...host.running.keys()].join(", ")}.`;
  /** What needs no time has happened, as far as handlers do not wait for something real. */
  const settle = async (): Promise<void> => {
    host.look();
    for (let still = 0, before = -1; still < STILL_TURNS; before = host.activity) {
      await nextTurn();
      if (isQuiet() && host.activity === before) return;
      still = host.activity === before ? still + 1 : 0;
    }
  };
  const inspect = (url: string): TestEntity => inspectEntity(state, { url, client, passes: () => host.passes(url) });

  return {
    client,
    logs,
    get now() {
      return clock.now();
    },
    async spawn(type, id, request) {
      await client.spawn(type, id, request);
      return inspect(entityUrl(type, id));
    },
    async send(to, message) {
      await client.send(to, message);
    },
    entity: inspect,
    sharedState: (id) => inspectSharedState(state, id),
    quiet: () => wait(isQuiet, "It did not become quiet"),
    until: (condition) => wait(condition, "The condition did not come to hold"),
    async advance(ms) {
      const end = manual.now() + ms;
      for (;;) {
        await settle();
        const due = nextTime(state) ?? Infinity;
        // What is due already and is not done waits for a handler that is still running.
        const next = Math.min(manual.next ?? Infinity, due > manual.now() ? due : Infinity, end);
        await manual.advance(Math.max(0, next - manual.now()));
        if (next >= end) break;
      }
      await settle();
    },
    mishap: (url, nth, what) => interference.plan(url, nth, what),
    restart: () => host.crash(),
    async close() {
      host.close();
      await nextTurn();
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function soon(call: () => void): () => void {
  const timer = setImmediate(call);
  return () => clearImmediate(timer);
}
