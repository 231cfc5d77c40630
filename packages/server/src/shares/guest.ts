import { parseSharedStateStream, SHARE_TOKEN, SkeinError } from "@skein/protocol";
import type { Store } from "@skein/store";
import { hashSecret, sameSecret } from "../auth/secrets.ts";
import type { ShareRecord } from "../records/collections.ts";
import { parseResourceStream } from "../resources/address.ts";

/** What the bearer of a share's token may do: read one session. */
export interface Guest {
  readonly share: string;
  readonly session: string;
  readonly expiresAt?: number;
}

/** The token of a share that a request brings, if it is one. Another token, or a cookie, is not a guest's. */
export function shareToken(request: Request): string | undefined {
  const given = /^Bearer +([^\s]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return given !== undefined && SHARE_TOKEN.test(given) ? given : undefined;
}

/** Whose token it is; rejects the same way whether there never was such a share, it has ended or was taken back. */
export async function findGuest(store: Store, token: string): Promise<Guest> {
  const [, id = "", secret = ""] = SHARE_TOKEN.exec(token) ?? [];
  const record = (await store.getRecord<ShareRecord>("shares", id))?.value;
  // Compared in any case: whether a share is there shall not show in the time.
  const same = sameSecret(hashSecret(secret), record?.tokenHash ?? "");
  if (!record || !same || hasEnded(record, store.now())) {
    throw new SkeinError("unauthorized", "This link does not lead to a session any more. Ask for a new one.");
  }
  const { session, expiresAt } = record;
  return { share: id, session, ...(expiresAt !== undefined && { expiresAt }) };
}

export function hasEnded({ expiresAt }: { readonly expiresAt?: number | undefined }, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Whether a guest may read the stream: the transcript, its deltas, and large contents that it names. */
export function mayRead({ session }: Guest, path: string): boolean {
  if (parseSharedStateStream(path) === undefined) return false;
  const address = parseResourceStream(path);
  if (address?.resource !== `coder-session/${session}`) return false;
  // The agent's own records are for resuming it, and have more in them than the transcript.
  return address.part !== "native";
}

/** Aborts when the share ends or is taken back: what a guest reads live ends with it. The answer's `close` stops watching. */
export function watchShare(store: Store, guest: Guest): { readonly signal: AbortSignal; readonly close: () => void } {
  const ended = new AbortController();
  const look = async (): Promise<void> => {
    const record = (await store.getRecord<ShareRecord>("shares", guest.share))?.value;
    if (!record || hasEnded(record, store.now())) ended.abort();
  };
  const stopWatching = store.watchCollection("shares", () => void look().catch(() => ended.abort()));
  // Timers take no more than 24.8 days; nothing that is read live lasts that long.
  const left = guest.expiresAt === undefined ? undefined : Math.min(guest.expiresAt - store.now(), 2 ** 31 - 1);
  const timer = left === undefined ? undefined : setTimeout(() => void look(), Math.max(0, left)).unref();
  const close = (): void => {
    stopWatching();
    clearTimeout(timer);
  };
  ended.signal.addEventListener("abort", close, { once: true });
  return { signal: ended.signal, close };
}
