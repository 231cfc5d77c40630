import { SkeinError } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import type { WakeRecord } from "../records/collections.ts";
import { createDraft, type Draft } from "../records/draft.ts";
import { execute } from "../records/execute.ts";
import { createSnapshot, load, type RecordKey } from "../records/snapshot.ts";
import { checkClaim, type ClaimRef } from "./rules.ts";

/**
 * Waiting for another's claim to end. Who is refused because another entity drives what it wants to write is noted in
 * that one's wake (`waiters`), and its own says whom it waits for (`waitsFor`). When its claim ends it is not idle but
 * due when the other's lease is over; the end of the other's claim makes it due at once, the longest waiting first.
 * Nobody polls: a driver that is lost without a word is found by its lease.
 */

/** Who comes behind so many waits for the lease's time instead of its turn. */
const MAX_WAITERS = 100;

/** It is at work right now. */
export function isHeld(wake: WakeRecord | undefined, now: number): boolean {
  return wake?.state === "claimed" && (wake.claim?.leaseUntil ?? 0) > now;
}

/** The wakes that the end of a claim, or of an entity, looks at. */
export function waitingKeys(wake: WakeRecord | undefined): RecordKey[] {
  const others = [...(wake?.waiters ?? []), ...(wake?.waitsFor === undefined ? [] : [wake.waitsFor])];
  return others.map((url) => ["wakes", url]);
}

/** Its claim has been refused something that `driver` has: it waits for it, once its own claim ends. */
export async function noteWaiting(
  { store }: ServerContext,
  url: string,
  { ref, driver }: { readonly ref: ClaimRef; readonly driver: string },
): Promise<void> {
  await execute<void>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["wakes", url],
      ["wakes", driver],
    ]);
    const wake = snapshot.get("wakes", url)?.value;
    const other = snapshot.get("wakes", driver)?.value;
    const now = store.now();
    const nothing = { kind: "answer", answer: undefined } as const;
    if (!wake || !other || url === driver || checkClaim(wake, ref, now) || !isWaitedFor(other, now)) return nothing;
    const waiters = (other.waiters ?? []).filter((one) => one !== url);
    const draft = createDraft(snapshot);
    draft.write("wakes", url, { ...wake, waitsFor: driver });
    draft.write("wakes", driver, { ...other, waiters: [...waiters, url].slice(0, MAX_WAITERS) });
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
}

/** It is at work, or was given what others want and is about to be. */
function isWaitedFor(wake: WakeRecord, now: number): boolean {
  return isHeld(wake, now) || (wake.reservedUntil ?? 0) > now;
}

/** At the end of its claim: how it waits, or `undefined` when it waits for nobody any more. */
export function waitOn(draft: Draft, url: string, ended: WakeRecord, now: number): WakeRecord | undefined {
  const { waitsFor } = ended;
  if (waitsFor === undefined) return undefined;
  const other = draft.read("wakes", waitsFor);
  draft.check("wakes", waitsFor);
  if (!other || !isWaitedFor(other, now)) return undefined;
  // Nobody knows of it who was too many: then only the time tells.
  const until = Math.max(other.claim?.leaseUntil ?? 0, other.reservedUntil ?? 0);
  return { ...ended, attempts: 0, ...(ended.claimableAt !== undefined && { claimableAt: until }) };
}

/** A claim has ended, or its entity: who waits longest may go on, and the others wait for that one. */
export function letWaitersGo(draft: Draft, driver: string, waiters: readonly string[], now: number): void {
  for (const [index, url] of waiters.entries()) {
    const wake = draft.read("wakes", url);
    if (wake?.waitsFor !== driver) continue;
    const rest = waiters.slice(index + 1).filter((one) => draft.read("wakes", one)?.waitsFor === driver);
    const own = wake.waiters ?? [];
    draft.write("wakes", url, {
      // One whose claim has not ended yet looks for itself when it does.
      ...(wake.state === "claimed" ? wake : dueNow(wake, now)),
      waiters: [...own, ...rest.filter((one) => !own.includes(one))].slice(0, MAX_WAITERS),
    });
    for (const one of rest) {
      const other = draft.read("wakes", one);
      if (other) draft.write("wakes", one, { ...other, waitsFor: url });
    }
    return;
  }
}

function dueNow(wake: WakeRecord, now: number): WakeRecord {
  const { waitsFor: _, ...rest } = wake;
  return rest.claimableAt === undefined ? rest : { ...rest, claimableAt: now };
}

/**
 * One that waits is due by its time: if the other works on, it waits on. Answers whether it may be claimed.
 */
export async function mayGoOn({ store }: ServerContext, url: string): Promise<boolean> {
  return execute<boolean>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["wakes", url]]);
    const wake = snapshot.get("wakes", url)?.value;
    if (wake?.waitsFor === undefined || wake.state === "claimed") return { kind: "answer", answer: true };
    await load(store, snapshot, waitingKeys(wake));
    const draft = createDraft(snapshot);
    const later = waitOn(draft, url, wake, store.now());
    if (later === undefined || later.claimableAt === undefined) return { kind: "answer", answer: true };
    draft.write("wakes", url, later);
    return { kind: "commit", operations: draft.build().operations, answer: () => false };
  });
}

/** The driver that a refusal names. */
export function driverIn(error: unknown): string | undefined {
  if (!(error instanceof SkeinError) || error.code !== "session_in_use") return undefined;
  const { driver } = (error.details ?? {}) as { driver?: unknown };
  return typeof driver === "string" ? driver : undefined;
}
