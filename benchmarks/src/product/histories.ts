import { createClient, type Client, type ConnectionOptions } from "@skein/runtime/client";
import { line, type BenchmarkContext, type Line } from "../benchmark.ts";
import { median, percentile } from "../statistics.ts";
import { startRunner, type Told } from "./handlers.ts";

const HISTORIES = [10, 1_000, 100_000] as const;
const WARM_ROUNDS = 40;
const COLD_ROUNDS = 12;

/** From a message to its handler's start, for entities that differ only in their history, taking turns. */
export async function histories(
  context: BenchmarkContext,
  connection: ConnectionOptions,
  where: string,
): Promise<Line[]> {
  const client = createClient(connection);
  const waiting = new Map<string, () => void>();
  const told: Told = { started: (url, n) => waiting.get(`${url} ${n}`)?.() };
  const begun = (url: string, n: number): Promise<number> =>
    new Promise((resolve) => waiting.set(`${url} ${n}`, () => resolve(performance.now())));
  let count = 0;
  const measure = async (url: string): Promise<number> => {
    const n = (count += 1);
    const handled = begun(url, n);
    const sent = performance.now();
    await client.send(url, { payload: { n } });
    const ms = (await handled) - sent;
    await idle(client, url);
    return ms;
  };

  let runner = await startRunner(context, connection, { id: "warm", told });
  const urls = [];
  for (const events of HISTORIES) {
    const { url } = await client.spawn("bench", `h${events}`);
    const filled = begun(url, -1);
    await client.send(url, { payload: { fill: events } });
    await filled;
    await idle(client, url);
    urls.push(url);
  }
  const warm = urls.map((): number[] => []);
  for (let round = -3; round < WARM_ROUNDS; round += 1) {
    for (const [index, url] of urls.entries()) {
      const ms = await measure(url);
      if (round >= 0) warm[index]?.push(ms);
    }
  }
  await runner.stop();
  const cold = urls.map((): number[] => []);
  for (let round = -1; round < COLD_ROUNDS; round += 1) {
    // A runner that has just started has nothing in memory; the first is not counted, for it has code to compile.
    runner = await startRunner(context, connection, { id: `cold-${round}`, told });
    for (const [index, url] of urls.entries()) {
      const ms = await measure(url);
      if (round >= 0) cold[index]?.push(ms);
    }
    await runner.stop();
  }
  return [...linesOf(`${where}, warm`, warm), ...linesOf(`${where}, cold`, cold)];
}

function linesOf(name: string, measured: readonly (readonly number[])[]): Line[] {
  const least = measured[0] ?? [];
  return HISTORIES.flatMap((events, index) => {
    const times = measured[index] ?? [];
    const note = index === 0 ? "" : `${(median(times) / median(least)).toFixed(2)} of the least history`;
    return [
      line(`${name}, ${events} events, p50`, "ms", { ours: median(times) }, note),
      line(`${name}, ${events} events, p99`, "ms", { ours: percentile(times, 0.99) }),
    ];
  });
}

async function idle(client: Client, url: string): Promise<void> {
  while ((await client.getEntity(url)).status !== "idle") await new Promise((resolve) => setTimeout(resolve, 1));
}
