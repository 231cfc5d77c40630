import { SkeinError, type ClaimLive } from "@skein/protocol";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { encodeEvent, JSON_TYPE } from "../records/draft.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { pairId } from "../records/collections.ts";
import { liveStream, parseResourceStream } from "../resources/address.ts";
import { checkClaim } from "./rules.ts";

/** Deltas of a running turn: the newest 4 MiB, for ten minutes after the last one. */
const LIVE = { maxBytes: 4 * 1024 * 1024, idleMs: 10 * 60 * 1000 };

/** Shows deltas to those who watch. Nothing of it is durable; the claim is judged, and nothing is fenced by it. */
export async function appendLive({ store }: ServerContext, url: string, body: ClaimLive): Promise<void> {
  const address = parseResourceStream(body.stream);
  const refusal = new SkeinError("forbidden", `${body.stream} is not a shared state that this entity has declared.`);
  if (!address || address.part === "native" || address.part === "blob") throw refusal;
  const link = pairId(url, address.resource);
  const snapshot = createSnapshot();
  await load(store, snapshot, [
    ["wakes", url],
    ["links", link],
  ]);
  const ref = { hash: hashSecret(body.claimId), generation: body.generation };
  const lost = checkClaim(snapshot.get("wakes", url)?.value, ref, store.now());
  if (lost) throw lost;
  if (!snapshot.get("links", link)) throw refusal;
  const path = liveStream(address.resource);
  const outcome = await store.commit([
    { kind: "create-stream", path, contentType: JSON_TYPE, ephemeral: LIVE, ifExists: "keep" },
    { kind: "append", path, messages: body.events.map(encodeEvent) },
  ]);
  if (outcome.kind === "rejected") throw new SkeinError("conflict", `Deltas were refused: ${outcome.reason.kind}.`);
}
