/**
 * An entity that reacts to what others do: it is woken when a thermometer's readings change, reads them, and raises an
 * alarm. The thermometer knows nothing of it. Nothing is polled, and no change is lost while the observer does not run.
 *
 *     node --import tsx --conditions=@skein/source examples/src/06-reactive-observer.ts
 */
import { createRegistry, createRunner, entity } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { z } from "zod";
import { rowsOf, runIfStarted, type Example } from "./run-example.ts";

const reading = z.object({ key: z.string(), degrees: z.number() });
const thermometerState = { readings: { type: "reading", primaryKey: "key", schema: reading } };
const alarm = z.object({ key: z.string(), text: z.string() });

export const reactiveObserver: Example = async (server, say) => {
  const registry = createRegistry();
  registry.define("thermometer", {
    description: "Keeps what it measures.",
    state: thermometerState,
    handler(ctx, wake) {
      for (const { key, payload } of wake.messages) {
        ctx.state.readings.insert({ key, degrees: z.number().parse(payload) });
      }
    },
  });
  registry.define("watchman", {
    description: "Raises an alarm when it gets hot.",
    creationSchema: z.object({ thermometer: z.string() }),
    state: { alarms: { type: "alarm", primaryKey: "key", schema: alarm } },
    async handler(ctx) {
      // Said with every wake, declared once. Whatever comes within the debounce is one wake.
      const { collections, observation } = await ctx.observe(entity(ctx.args.thermometer, thermometerState), {
        wake: { on: "change", collections: ["readings"], debounceMs: 50 },
      });
      const changed = observation.events.flatMap((row) => (row.reason === "change" ? row.changes : []));
      for (const { key } of changed) {
        const degrees = collections.readings.get(key)?.degrees ?? 0;
        if (degrees > 30) ctx.state.alarms.insert({ key, text: `${degrees} degrees!` });
      }
    },
  });
  const runner = createRunner({ ...server, registry, id: "example-06" });
  await runner.start();

  const client = createClient(server);
  const now = Date.now();
  const thermometer = await client.spawn("thermometer", `thermometer-${now}`);
  const watchman = await client.spawn("watchman", `watchman-${now}`, { args: { thermometer: thermometer.url } });
  // It watches as soon as its first pass is through.
  await rowsOf(client, `${watchman.url}/main`, {
    type: "manifest",
    row: z.object({ kind: z.literal("observe") }),
    count: 1,
  });
  for (const payload of [19, 24, 31, 29, 33]) await client.send(thermometer.url, { payload });
  const alarms = await rowsOf(client, `${watchman.url}/main`, { type: "alarm", row: alarm, count: 2 });
  say(`Alarms: ${alarms.map(({ text }) => text).join(" ")}`);
  await runner.stop();
};

await runIfStarted(import.meta.url, reactiveObserver);
