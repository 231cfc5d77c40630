import type { Claim, pollRequest, Work } from "@skein/protocol";
import type { z } from "zod";
import type { ServerContext } from "../context.ts";
import { claimNext, nextDue, release } from "../wakes/claim.ts";
import { queuesOf } from "../wakes/lanes.ts";
import { takeCall } from "./calls.ts";
import { watchCollections } from "./change-latch.ts";
import { getRunner, touchRunner } from "./runner.ts";

/** While a runner waits it is noted as seen this often. */
const TOUCH_MS = 10_000;
/** Work that is due and that others are taking is not asked for in a tight loop. */
const MIN_WAIT_MS = 20;

/**
 * Waits until there is something for the runner to do. Changes of the store are only a hint to look again; what is
 * true is in the records, and any number of servers and runners may look at the same time.
 */
export async function poll(
  context: ServerContext,
  runnerId: string,
  request: z.output<typeof pollRequest>,
  gone: AbortSignal,
): Promise<Work | undefined> {
  const runner = await getRunner(context, runnerId);
  const { store } = context;
  const signal = AbortSignal.any([gone, context.signal]);
  const end = performance.now() + request.waitMs;
  let seen = -Infinity;
  let settled = !request.acceptClaims;
  const latch = watchCollections(store, request.acceptClaims ? ["wakes", "calls"] : ["calls"]);
  try {
    for (;;) {
      if (performance.now() - seen >= TOUCH_MS) {
        await touchRunner(context, runnerId, TOUCH_MS);
        seen = performance.now();
      }
      const queues = request.acceptClaims ? await queuesOf(context, runner) : [];
      const work = signal.aborted ? undefined : await look(context, runnerId, queues);
      if (work && gone.aborted && work.kind === "claim") return await giveBack(context, work);
      if (work) return work;
      if (!settled) {
        settled = true;
        // Whoever does not wait wants to know now; whoever waits is woken by what comes of it.
        if (request.waitMs > 0) context.background.kick();
        else {
          await context.background.settle();
          continue;
        }
      }
      const left = end - performance.now();
      if (left <= 0 || signal.aborted) return undefined;
      const due = request.acceptClaims ? await nextDue(context, queues) : undefined;
      const untilDue = due === undefined ? Infinity : Math.max(due - store.now(), MIN_WAIT_MS);
      await latch.wait(Math.min(left, untilDue, TOUCH_MS), signal);
    }
  } finally {
    latch.close();
  }
}

async function look(context: ServerContext, runnerId: string, queues: readonly string[]): Promise<Work | undefined> {
  const call = await takeCall(context, runnerId);
  if (call) return call;
  return queues.length > 0 ? claimNext(context, runnerId, queues) : undefined;
}

/** The runner hung up while its claim was made: nobody knows its secret, so it is free again. */
async function giveBack(context: ServerContext, claim: Claim): Promise<undefined> {
  await release(context, claim.entity.url, ({ generation }) => generation === claim.generation);
  return undefined;
}
