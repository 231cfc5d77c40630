import type { SubscriptionsContext } from "./context.ts";
import { signatureOf, signingKey } from "./signing.ts";

/** A response is read up to here; it has to say little. */
const MAX_RESPONSE = 64 * 1024;
const MAX_WAIT_MS = 30_000;

export interface Notification {
  readonly url: string;
  readonly body: string;
  /** No longer than the lease: what comes afterwards is fenced. */
  readonly leaseMs: number;
}

export type Delivered =
  | { readonly kind: "accepted"; readonly done: boolean }
  | { readonly kind: "failed"; readonly why: string };

/** One signed POST: no redirects, bounded in time and in what is read. */
export async function postWebhook(
  context: SubscriptionsContext,
  { url, body, leaseMs }: Notification,
): Promise<Delivered> {
  const key = await signingKey(context.store);
  const signal = AbortSignal.any([AbortSignal.timeout(Math.min(leaseMs, MAX_WAIT_MS)), context.signal]);
  try {
    const response = await context.fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        "webhook-signature": signatureOf(key, body, context.store.now()),
      },
      body,
      signal,
    });
    const text = await readText(response);
    if (!response.ok) return { kind: "failed", why: `The webhook answered ${response.status}.` };
    return { kind: "accepted", done: isDone(text) };
  } catch (error) {
    return { kind: "failed", why: `The webhook was not reached: ${reasonOf(error)}` };
  }
}

/** The body, or nothing when it is larger than it may be. */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_RESPONSE) return "";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function isDone(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && "done" in body && body.done === true;
  } catch {
    // Many handlers answer with nothing, or in words: they acknowledge by the callback.
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
