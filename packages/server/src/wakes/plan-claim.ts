import { formatOffset, mainStream, type Claim } from "@skein/protocol";
import { toEntity } from "../entities/entity.ts";
import type { Stamp } from "../entities/events.ts";
import { withStatus } from "../entities/plan-signal.ts";
import type { OpenRunRecord, SubscriptionRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { claimed, CLAIM_PRODUCER, isDue } from "./rules.ts";
import { failRuns, notifyEnded } from "./runs.ts";

export interface ClaimOrder {
  readonly url: string;
  readonly runner: string;
  readonly claimId: string;
  /** sha256 of the claim's id: the secret itself is not kept. */
  readonly hash: string;
  readonly leaseMs: number;
  /** Runs that an earlier claim left open. */
  readonly openRuns: readonly OpenRunRecord[];
  readonly subscriptions: readonly SubscriptionRecord[];
}

/**
 * Takes the claim: the generation rises, and the same commit moves the producer of the main stream to it, so that the
 * store itself refuses what an older claim still writes. `undefined` when there is nothing to claim any more.
 */
export function planClaim(draft: Draft, order: ClaimOrder, stamp: Stamp): Claim | undefined {
  const { url, leaseMs } = order;
  const wake = draft.read("wakes", url);
  const entity = draft.read("entities", url);
  if (!wake || !entity || entity.status === "killed" || !isDue(wake, stamp.now)) return undefined;

  const { hash, runner: holder } = order;
  const next = claimed(wake, { hash, holder, leaseUntil: stamp.now + leaseMs });
  draft.fence(mainStream(url), { producer: { id: CLAIM_PRODUCER, epoch: next.generation, seq: 0 } });
  const lost = failRuns(
    draft,
    url,
    order.openRuns.map(({ row }) => row),
    "The handler was lost in the middle of this run.",
    stamp,
  );
  const runs = lost.map((row) => ({ row, response: "" }));
  notifyEnded(draft, url, { runs, subscriptions: order.subscriptions }, stamp.now);
  // Own wake last: a notification to oneself must not undo the claim.
  draft.write("wakes", url, next);
  const running = withStatus(draft, entity, "running", stamp);
  return {
    kind: "claim",
    entity: toEntity(running),
    claimId: order.claimId,
    generation: next.generation,
    leaseMs,
    from: formatOffset(next.acked),
  };
}
