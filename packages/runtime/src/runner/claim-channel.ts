import type { ChangeEvent, Claim, ClaimCommit, ClaimCommitResult } from "@skein/protocol";
import { claimCommitResult, SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { Clock, Transport } from "../client/index.ts";
import { createBackoff, createRetryJudge, withOwnSignal } from "../client/index.ts";
import { withDeadline } from "./deadline.ts";

/** What a runner says to the server under one claim. */
export interface ClaimChannel {
  /**
   * Tried again under the same sequence number for as long as the server cannot be reached and the claim is not
   * known to be lost: it is applied once. Rejects with `fenced`, or the server's refusal, which changed nothing.
   */
  commit(body: Omit<ClaimCommit, "claimId" | "generation" | "seq">): Promise<ClaimCommitResult>;
  /** One try. Answers for how long the claim holds. */
  heartbeat(signal: AbortSignal): Promise<{ leaseMs: number }>;
  live(stream: string, events: readonly ChangeEvent[]): Promise<void>;
  /** Tried again as `commit` is; the same bytes under the same name are kept once. */
  blob(stream: string, blob: { readonly mime: string; readonly bytes: Uint8Array }): Promise<void>;
  /** One try: it is only a shortcut. Rejects when it was not kept. */
  saveCheckpoint(stream: string, position: string, bytes: Uint8Array): Promise<void>;
  /** `undefined` when there is none, or it cannot be had. */
  readCheckpoint(stream: string): Promise<Uint8Array | undefined>;
}

/** A checkpoint that is not there in this time is done without. */
const CHECKPOINT_MS = 5_000;
const lease = z.object({ leaseMs: z.number() });

/** `lost` aborts when the claim is known to be lost; `onFenced` is told when the server says so. */
export function createClaimChannel(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly claim: Claim;
  /** The number of the first commit. */
  readonly seq: number;
  readonly lost: AbortSignal;
  readonly onFenced: (error: SkeinError) => void;
}): ClaimChannel {
  const { transport, clock, claim, lost, onFenced } = options;
  const { claimId, generation } = claim;
  const path = `${claim.entity.url}/claim`;
  /** Where the body is bytes, the claim is in headers. */
  const ref = { "skein-claim": claimId, "skein-generation": String(generation) };
  let { seq } = options;

  const watchFence = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SkeinError && endsClaim(error)) onFenced(error);
      throw error;
    }
  };
  const insist = async <T>(once: () => Promise<T>): Promise<T> => {
    const backoff = createBackoff({ clock, minMs: 50, maxMs: 2_000 });
    const worthAnotherTry = createRetryJudge();
    for (;;) {
      if (lost.aborted) throw lost.reason;
      try {
        return await watchFence(once);
      } catch (error) {
        if (!worthAnotherTry(error)) throw error;
        await backoff.wait(lost);
      }
    }
  };
  const commitOnce = async (body: unknown): Promise<ClaimCommitResult> =>
    transport.json(claimCommitResult, "POST", `${path}/commit`, { body, signal: lost });

  return {
    async commit(body) {
      const request = { ...body, claimId, generation, seq };
      const result = await insist(() => commitOnce(request));
      seq += 1;
      return result;
    },
    heartbeat: (signal) =>
      watchFence(() => transport.json(lease, "POST", `${path}/heartbeat`, { body: { claimId, generation }, signal })),
    async live(stream, events) {
      const body = { claimId, generation, stream, events };
      await watchFence(() =>
        withOwnSignal(lost, (signal) => transport.request("POST", `${path}/live`, { body, signal })),
      );
    },
    async saveCheckpoint(stream, position, bytes) {
      const headers = { ...ref, "skein-position": position };
      const request = { query: { stream }, headers, bytes: { type: "application/octet-stream", content: bytes } };
      await withDeadline(clock, CHECKPOINT_MS, lost, (signal) =>
        transport.request("PUT", `${path}/checkpoint`, { ...request, signal }),
      );
    },
    async readCheckpoint(stream) {
      try {
        return await withDeadline(clock, CHECKPOINT_MS, lost, async (signal) => {
          const request = { query: { stream }, headers: ref, signal };
          const response = await transport.request("GET", `${path}/checkpoint`, request);
          return new Uint8Array(await response.arrayBuffer());
        });
      } catch {
        // The log has it all, and says what is wrong, if something is.
        return undefined;
      }
    },
    async blob(stream, { mime, bytes }) {
      const headers = ref;
      const request = { query: { stream }, headers, bytes: { type: mime, content: bytes } };
      await insist(() =>
        withOwnSignal(lost, (signal) => transport.request("PUT", `${path}/blob`, { ...request, signal })),
      );
    },
  };
}

/** Refusals after which nothing can be written under the claim any more. */
function endsClaim({ code }: SkeinError): boolean {
  return code === "fenced";
}
