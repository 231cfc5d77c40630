import { createClient, type ConnectionOptions } from "@skein/runtime/client";
import { line, type BenchmarkContext, type Line } from "../benchmark.ts";
import { startRunner } from "./handlers.ts";

const ENTITIES = 200;
const MESSAGES = 1_000;
const SENDERS = 32;

/** How many wakes a second one runner takes, when there is always work for many entities. */
export async function throughput(
  context: BenchmarkContext,
  connection: ConnectionOptions,
  where: string,
): Promise<Line[]> {
  const client = createClient(connection);
  let started = 0;
  let all = (): void => undefined;
  const done = new Promise<void>((resolve) => (all = resolve));
  const told = {
    started() {
      started += 1;
      if (started === MESSAGES) all();
    },
  };
  const runner = await startRunner(context, connection, { id: "many", told });
  await inParallel(ENTITIES, async (n) => void (await client.spawn("bench", `t${n}`)));
  const began = performance.now();
  await inParallel(MESSAGES, async (n) => void (await client.send(`/bench/t${n % ENTITIES}`, { payload: { n } })));
  await done;
  const seconds = (performance.now() - began) / 1000;
  await runner.stop();
  return [line(`${where}, messages of ${ENTITIES} entities sent and handled`, "wakes/s", { ours: MESSAGES / seconds })];
}

export async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work((next += 1) - 1);
  };
  await Promise.all(Array.from({ length: SENDERS }, worker));
}
