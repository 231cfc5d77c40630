import type { Fetch } from "@skein/runtime/client";

/** Asks one of the servers, and another one from the moment on that it cannot be reached. */
export function failover(urls: readonly string[]): Fetch {
  let turn = 0;
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const at = turn;
    try {
      return await fetch(new Request(`${urls[at % urls.length]}${pathname}${search}`, request));
    } catch (error) {
      if (turn === at) turn += 1;
      throw error;
    }
  };
}
