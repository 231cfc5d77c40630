import { SkeinError } from "@skein/protocol";
import type { Store } from "@skein/store";
import type { Router } from "../http/router.ts";
import { checkPath } from "../http/router.ts";
import { findGuest, watchShare } from "./guest.ts";

export interface GuestRequest {
  readonly request: Request;
  readonly url: URL;
  readonly path: string;
}

/**
 * Answers the bearer of a share's token: on routes that say so, for what the share names, and nothing else. Everything
 * else is refused in one way, so that nothing is told of what is there. What is read live ends with the share.
 */
export async function asGuest(
  store: Store,
  token: string,
  { request, url, path }: GuestRequest,
  match: ReturnType<Router["match"]>,
): Promise<Response> {
  const guest = await findGuest(store, token);
  const refusal = new SkeinError("forbidden", "This link is for reading one session, and for nothing else.");
  if (checkPath(path) !== undefined || !match || "allow" in match) throw refusal;
  const asked = { request, url, path, params: match.params, principal: `guest:${guest.share}`, guest };
  if (match.route.guest?.(asked, guest) !== true) throw refusal;
  const share = watchShare(store, guest);
  request.signal.addEventListener("abort", share.close, { once: true });
  try {
    const response = await match.route.handle(asked);
    const headers = new Headers(response.headers);
    // A shared cache must not answer the next one who asks without a link.
    headers.set("cache-control", "private, no-store");
    headers.set("x-robots-tag", "noindex");
    if (response.body === null) share.close();
    const untilItEnds = new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => share.signal.addEventListener("abort", () => controller.terminate(), { once: true }),
      flush: share.close,
    });
    const body = response.body?.pipeThrough(untilItEnds) ?? null;
    return new Response(body, { status: response.status, headers });
  } catch (error) {
    share.close();
    throw error;
  }
}
