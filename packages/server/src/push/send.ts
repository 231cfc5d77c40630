import type { PushMessage } from "@skein/protocol";
import webPush from "web-push";
import type { PushRecord, VapidKeys } from "../records/collections.ts";

export interface PushService {
  /** `sent`, `gone` (the browser has unsubscribed), or that it did not work this time. */
  send(to: PushRecord, message: PushMessage, keys: VapidKeys): Promise<"sent" | "gone" | "failed">;
}

/** A day: who opens the laptop tomorrow is to be told; later nobody wants it. */
const TTL_S = 24 * 60 * 60;
const TIMEOUT_MS = 10_000;

export function newVapidKeys(): VapidKeys {
  return webPush.generateVAPIDKeys();
}

/**
 * Encrypts (RFC 8291) and signs (RFC 8292) as the Push API wants it: the push service carries the message and cannot
 * read it. `fetch` is told not to follow redirects: where messages go was said by the browser.
 */
export function createPushService(fetch: typeof globalThis.fetch, subject: string): PushService {
  return {
    async send({ endpoint, keys: browser }, message, { publicKey, privateKey }) {
      try {
        const request = webPush.generateRequestDetails({ endpoint, keys: browser }, JSON.stringify(message), {
          vapidDetails: { subject, publicKey, privateKey },
          TTL: TTL_S,
          urgency: "high",
        });
        const headers = Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== "content-length");
        const response = await fetch(request.endpoint, {
          method: "POST",
          headers: headers,
          body: new Uint8Array(request.body),
          redirect: "error",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.body?.cancel();
        if (response.ok) return "sent";
        return response.status === 404 || response.status === 410 ? "gone" : "failed";
      } catch {
        // Counted by the caller: a browser that cannot be reached for long is forgotten.
        return "failed";
      }
    },
  };
}
