import { createRegistry, createRunner, type Registry } from "@skein/runtime";
import type { ConnectionOptions } from "@skein/runtime/client";
import { z } from "zod";
import type { BenchmarkContext } from "../benchmark.ts";

export const TOKEN = "token-of-the-benchmark";

const order = z.object({ n: z.number().optional(), fill: z.number().optional() });
/** Events of a turn: a run, what it said, and rows of state that are written again and again. */
const PER_TURN = 10;
const PER_COMMIT = 5_000;

export interface Told {
  /** A handler that was sent `n` has begun. */
  started(url: string, n: number): void;
}

/** Notes what it was sent, or gives itself a history of so many events. It remembers its newest hundred messages. */
export function benchRegistry(told: Told): Registry {
  const registry = createRegistry();
  registry.define("bench", {
    description: "Notes what it was sent.",
    remember: 100,
    state: { notes: { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), n: z.number() }) } },
    async handler(ctx, { messages }) {
      for (const { payload } of messages) {
        const { n, fill = 0 } = order.parse(payload);
        if (n !== undefined) {
          told.started(ctx.url, n);
          ctx.state.notes.upsert({ key: `n${n % 20}`, n });
        }
        for (let event = 0; event < fill; event += PER_TURN) {
          const run = ctx.recordRun();
          run.attachResponse(`turn ${event}`);
          for (let row = 0; row < PER_TURN - 3; row += 1) ctx.state.notes.upsert({ key: `h${row}`, n: event });
          run.end({ status: "completed" });
          if (event % PER_COMMIT === PER_COMMIT - PER_TURN) await ctx.flush();
        }
        if (fill > 0) told.started(ctx.url, -1);
      }
    },
  });
  return registry;
}

/** A runner that has started. It stops with the benchmark, unless it is stopped before. */
export async function startRunner(
  context: BenchmarkContext,
  connection: ConnectionOptions,
  { id, told, concurrency }: { readonly id: string; readonly told: Told; readonly concurrency?: number },
): Promise<{ stop: () => Promise<void> }> {
  const runner = createRunner({
    ...connection,
    registry: benchRegistry(told),
    id,
    log: () => undefined,
    ...(concurrency !== undefined && { concurrency }),
  });
  await runner.start();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= runner.stop({ drainMs: 10_000 }));
  context.defer(stop);
  return { stop };
}
