import type { HeaderMap } from "./responses.ts";

/**
 * Frames as an SSE response that is pulled: nothing is made in advance, what a reader does not take stays in the
 * store. `release` is called once nobody reads any more, whoever ended it.
 */
export function sseResponse(
  frames: AsyncGenerator<Uint8Array, void, undefined>,
  release: () => void,
  onError: (error: unknown) => void,
  headers: HeaderMap = {},
): Response {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const frame = await frames.next();
          if (frame.done !== true) return cancelled ? undefined : controller.enqueue(frame.value);
          release();
          if (!cancelled) controller.close();
        } catch (error) {
          release();
          onError(error);
          controller.error(error);
        }
      },
      cancel() {
        cancelled = true;
        release();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    },
  });
}
