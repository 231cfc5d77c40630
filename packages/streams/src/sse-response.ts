import { PulledResponse, type Part, type Parts } from "./pulled-response.ts";
import type { HeaderMap } from "./responses.ts";

/**
 * Frames as an SSE response that is pulled: nothing is made in advance, what a reader does not take stays in the
 * store. `release` is called once nobody reads any more, whoever ended it.
 */
export function sseResponse(
  frames: AsyncGenerator<Uint8Array | Part, void, undefined>,
  release: () => void,
  onError: (error: unknown) => void,
  headers: HeaderMap = {},
): Response {
  const parts: Parts = {
    async next() {
      try {
        const frame = await frames.next();
        if (frame.done !== true) return frame.value instanceof Uint8Array ? [frame.value] : frame.value;
        release();
        return undefined;
      } catch (error) {
        release();
        onError(error);
        throw error;
      }
    },
    cancel: release,
  };
  return new PulledResponse(parts, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    },
  });
}
