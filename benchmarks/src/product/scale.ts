import { join } from "node:path";
import { createRegistry, createRunner, entity } from "@skein/runtime";
import { createClient, type Client } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { line, type Benchmark, type BenchmarkContext, type Line } from "../benchmark.ts";
import { median } from "../statistics.ts";
import { copies } from "./copies.ts";
import { TOKEN } from "./handlers.ts";
import { inParallel } from "./throughput.ts";

const ENTITIES = 100_000;
const SCHEDULES = 10_000;
const OBSERVERS = 1_000;
const WAKES = 40;

/** What is told to the benchmark by handlers, whichever server they belong to. */
interface Events {
  woken: (url: string) => void;
}

/** Many of everything, on one folder. */
export const scale: Benchmark = {
  name: "scale",
  about: "100,000 entities, 10,000 schedules that fall due together, 1,000 observers of one entity, on one folder",
  async run(context) {
    const small = await world(context, await context.folder(), 10);
    context.progress(`${ENTITIES} entities`);
    const home = await context.folder();
    const began = performance.now();
    const large = await world(context, home, ENTITIES);
    const made = performance.now() - began;
    context.progress("wakes among them");
    const lines = await wakesAmong(small, large);
    context.progress(`${SCHEDULES} schedules`);
    const due = await schedules(context, home, large);
    context.progress(`${OBSERVERS} observers`);
    const told = await observers(await open(context, await context.folder()));
    return [
      line(`start with ${ENTITIES} entities`, "ms", { ours: large.openMs }, `made in ${(made / 1000).toFixed(0)} s`),
      ...lines,
      ...due,
      ...told,
    ];
  },
};

interface Open {
  readonly client: Client;
  readonly events: Events;
  readonly openMs: number;
  close(): Promise<void>;
}

/** A server and a runner over a folder with so many entities that sleep. */
async function world(context: BenchmarkContext, home: string, count: number): Promise<Open> {
  const first = await open(context, home);
  const woken = new Promise<void>((resolve) => (first.events.woken = () => resolve()));
  await first.client.spawn("sleeper", "template");
  await woken;
  await first.close();
  await copies(join(home, "data"), { template: "/sleeper/template", urlOf: (n) => `/sleeper/s${n}`, count });
  return open(context, home);
}

async function open(context: BenchmarkContext, home: string): Promise<Open> {
  const began = performance.now();
  const server = await createEmbeddedServer({ home, port: 0, token: TOKEN, log: () => undefined });
  const openMs = performance.now() - began;
  const events: Events = { woken: () => undefined };
  const registry = createRegistry();
  registry.define("sleeper", { description: "Sleeps.", handler: (ctx) => events.woken(ctx.url) });
  registry.define("watcher", {
    description: "Watches one entity.",
    async handler(ctx) {
      if (ctx.firstWake) await ctx.observe(entity("/sleeper/s0"), { wake: { on: "change" } });
      events.woken(ctx.url);
    },
  });
  const connection = { baseUrl: server.url, token: TOKEN, fetch: (request: Request) => server.fetch(request) };
  const runner = createRunner({ ...connection, registry, id: "scale", log: () => undefined });
  await runner.start();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= runner.stop({ drainMs: 10_000 }).then(() => server.close()));
  context.defer(close);
  return { client: createClient(connection), events, openMs, close };
}

/** From a message to its handler, and a page of the list, among few and among many. */
async function wakesAmong(small: Open, large: Open): Promise<Line[]> {
  const times = [small, large].map(() => ({ wake: [] as number[], list: [] as number[] }));
  for (let round = -2; round < WAKES; round += 1) {
    for (const [index, { client, events }] of [small, large].entries()) {
      const url = `/sleeper/s${((round + 2) * 7919) % (index === 0 ? 10 : ENTITIES)}`;
      const sent = performance.now();
      const handled = new Promise<number>((resolve) => {
        events.woken = (woken) => woken === url && resolve(performance.now() - sent);
      });
      await client.send(url, { payload: round });
      const ms = await handled;
      while ((await client.getEntity(url)).status !== "idle") await pause(1);
      const asked = performance.now();
      await client.listEntities({ type: "sleeper", limit: 10 });
      if (round < 0) continue;
      times[index]?.wake.push(ms);
      times[index]?.list.push(performance.now() - asked);
    }
  }
  const lines = (what: "wake" | "list", name: string): Line[] => {
    const [few, many] = times.map((one) => median(one[what]));
    const ratio = `${((many ?? Number.NaN) / (few ?? Number.NaN)).toFixed(2)} of that among ten`;
    return [line(`${name}, among ${ENTITIES} entities`, "ms", { ours: many ?? Number.NaN }, ratio)];
  };
  return [...lines("wake", "message to its handler (cold), p50"), ...lines("list", "ten entities of a list, p50")];
}

/** Messages that all fall due at one moment: from then until every one of them is in its inbox and was handled. */
async function schedules(context: BenchmarkContext, home: string, large: Open): Promise<Line[]> {
  const woken = new Promise<void>((resolve) => (large.events.woken = () => resolve()));
  await large.client.spawn("sleeper", "scheduled");
  await woken;
  while ((await large.client.getEntity("/sleeper/scheduled")).status !== "idle") await pause(5);
  const never = Date.now() + 3_600_000;
  const { key } = await large.client.send("/sleeper/scheduled", { payload: "tick", at: never });
  await large.close();
  const at = Date.now() + 15_000;
  await copies(join(home, "data"), {
    template: "/sleeper/scheduled",
    records: [["delayed", ` ${key}`]],
    urlOf: (n) => `/sleeper/d${n}`,
    count: SCHEDULES,
    change: (json) => json.replaceAll(String(never), String(at)),
  });
  const { events } = await open(context, home);
  const handled = new Set<string>();
  const done = new Promise<void>((resolve) => {
    events.woken = (url) => handled.add(url).size === SCHEDULES && resolve();
  });
  const early = handled.size;
  await pause(Math.max(0, at - Date.now()));
  await done;
  const seconds = (Date.now() - at) / 1000;
  const note = early === 0 ? `${Math.round(SCHEDULES / seconds)} wakes/s, one runner` : `${early} came early`;
  return [line(`${SCHEDULES} schedules due at once, until all are handled`, "s", { ours: seconds }, note)];
}

/** A change of one entity, until the last of its observers' handlers has begun. */
async function observers({ client, events }: Open): Promise<Line[]> {
  await client.spawn("sleeper", "s0");
  const all = (): { readonly first: () => number; readonly done: Promise<void> } => {
    const told = new Set<string>();
    let first = 0;
    const done = new Promise<void>((resolve) => {
      events.woken = (url) => {
        if (!url.startsWith("/watcher/")) return;
        first ||= performance.now();
        if (told.add(url).size === OBSERVERS) resolve();
      };
    });
    return { first: () => first, done };
  };
  const begun = all();
  await inParallel(OBSERVERS, async (n) => void (await client.spawn("watcher", `w${n}`)));
  await begun.done;
  for (let n = 0; n < OBSERVERS; n += 1) {
    while ((await client.getEntity(`/watcher/w${n}`)).status !== "idle") await pause(5);
  }
  const told = all();
  const sent = performance.now();
  await client.setTag("/sleeper/s0", "mood", "changed");
  await told.done;
  return [
    line(`a change to the first of ${OBSERVERS} observers`, "ms", { ours: told.first() - sent }),
    line(`a change to all ${OBSERVERS} observers`, "ms", { ours: performance.now() - sent }),
  ];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
