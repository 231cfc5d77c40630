import { entityUrl, formatOffset, mainStream, type ClaimCommitResult, type SkeinError } from "@skein/protocol";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import type { SpawnOrder } from "../entities/plan-spawn.ts";
import { admitSpawn } from "../entities/spawn.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused, type Plan } from "../records/execute.ts";
import { createSnapshot } from "../records/snapshot.ts";
import { loadSituation } from "./load-commit.ts";
import { driverIn, noteWaiting } from "./waiting.ts";
import { planCommit, spawnOrderOf, type CommitBody, type CommitOrder } from "./plan-commit.ts";

/** After so many lost races a claim's end stops looking whether input waits, and says that it does. */
const PATIENCE = 10;

/** Carries out a handler's commit. */
export async function commitClaim(context: ServerContext, url: string, body: CommitBody): Promise<ClaimCommitResult> {
  const order: CommitOrder = {
    url,
    body,
    hash: hashSecret(body.claimId),
    receipts: body.sends.map(({ message }) => message.idempotencyKey && hashSecret(message.idempotencyKey)),
    admissions: await admitAll(context, url, body),
  };
  let attempts = 0;
  const committing = execute(context.store, async () => {
    attempts += 1;
    return attempt(context, order, attempts > PATIENCE);
  });
  const result = await committing.catch(async (error: unknown) => {
    const driver = driverIn(error);
    const ref = { hash: order.hash, generation: body.generation };
    if (driver !== undefined) await noteWaiting(context, url, { ref, driver });
    throw error;
  });
  // Nothing was appended that would say so: whoever is told by the protocol is told again.
  if (result.more === true) await context.streams.subscriptions?.look(mainStream(url));
  return result;
}

async function attempt(
  context: ServerContext,
  order: CommitOrder,
  impatient: boolean,
): Promise<Plan<ClaimCommitResult>> {
  const { store } = context;
  const snapshot = createSnapshot();
  const situation = await loadSituation(context, snapshot, order, impatient);
  const draft = createDraft(snapshot);
  const plan = planCommit(draft, order, situation, context.rules, store.now());
  const written = new Set([mainStream(order.url), ...order.body.writes.map(({ stream }) => stream)]);
  const tailsNow = (): Record<string, string> =>
    Object.fromEntries([...written].map((path) => [path, formatOffset(situation.streams.get(path)?.head ?? 0)]));
  switch (plan.kind) {
    case "refused":
      return refused(plan.error);
    case "duplicate": {
      const more = order.body.done ? { more: snapshot.get("wakes", order.url)?.value.state === "ready" } : {};
      // Read again: those of the plan may be from before the commit that this one repeats.
      const heads = await Promise.all(
        [...written].map(async (path) => [path, formatOffset((await store.getStream(path))?.head ?? 0)] as const),
      );
      return { kind: "answer", answer: { tails: Object.fromEntries(heads), duplicate: true, ...more } };
    }
    case "planned": {
      const commit = draft.build();
      return {
        kind: "commit",
        operations: commit.operations,
        answer: (results) => ({
          tails: {
            ...tailsNow(),
            ...Object.fromEntries(
              commit.paths
                .filter((path) => written.has(path))
                .map((path) => [path, formatOffset(commit.appended(path, results).stream.head)]),
            ),
          },
          duplicate: false,
          ...(plan.more !== undefined && { more: plan.more }),
          ...(plan.refused.length > 0 && { refused: [...plan.refused] }),
        }),
      };
    }
  }
}

/** Asks the runners about spawns whose type wants it, before anything is made. */
async function admitAll(
  context: ServerContext,
  url: string,
  body: CommitBody,
): Promise<Map<string, SpawnOrder | SkeinError>> {
  const answers = body.spawns.map(async (spawn) => {
    const answer = await admitSpawn(context, spawnOrderOf(url, spawn));
    return [entityUrl(spawn.type, spawn.id), answer] as const;
  });
  return new Map(await Promise.all(answers));
}
