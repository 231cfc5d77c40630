type Fetch = (request: Request) => Promise<Response>;

/** `fetch` with a count of the requests whose answers are still being read: a live connection is one. */
export function countRequests(fetch: Fetch): { readonly fetch: Fetch; readonly open: () => number } {
  const open = new Set<Request>();
  return {
    open: () => open.size,
    async fetch(request) {
      open.add(request);
      const done = (): void => void open.delete(request);
      request.signal.addEventListener("abort", done, { once: true });
      try {
        const response = await fetch(request);
        if (response.body === null) done();
        const body = response.body?.pipeThrough(new TransformStream({ flush: done }));
        return new Response(body, response);
      } catch (error) {
        done();
        throw error;
      }
    },
  };
}
