import { z } from "zod";

/**
 * Web push: a browser is told, also while no page is open, that a session waits for a person or has finished. The
 * shapes are those of the Push API (https://www.w3.org/TR/push-api/#pushsubscription-interface).
 */

/** What somebody wants to be told. */
export const pushWants = z.object({ needs: z.boolean(), finished: z.boolean() });
export type PushWants = z.infer<typeof pushWants>;

/** `PUT /_skein/push`: the browser's own subscription as it is, and what it wants. The same endpoint again changes it. */
export const pushSubscription = z.object({
  subscription: z.object({
    endpoint: z.url({ protocol: /^https$/ }).max(2048),
    keys: z.object({ p256dh: z.string().min(1).max(256), auth: z.string().min(1).max(128) }),
  }),
  wants: pushWants,
});
export type PushSubscription = z.infer<typeof pushSubscription>;

/** `GET /_skein/push`: what a browser needs to subscribe (`applicationServerKey`). */
export const pushKey = z.object({ publicKey: z.string() });

/** `POST /_skein/push/forget`. */
export const pushForget = z.object({ endpoint: z.string().max(2048) });

/** What the service worker gets. */
export const pushMessage = z.object({
  title: z.string(),
  body: z.string(),
  /** A path of the app. */
  url: z.string(),
  /** A newer message about the same takes the place of the older one. */
  tag: z.string(),
});
export type PushMessage = z.infer<typeof pushMessage>;
