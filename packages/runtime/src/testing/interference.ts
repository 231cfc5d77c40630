import type { SkeinError } from "@skein/protocol";
import type { Fetch } from "../client/index.ts";
import { errorResponse } from "./server/errors.ts";

/** What is to happen to a commit of a handler: a flush, a spawn, or the commit with which its pass ends. */
export type Mishap =
  /** The server refuses it with this error; nothing of it takes effect. */
  | { readonly kind: "refused"; readonly error: SkeinError }
  /** The claim was lost before it came: it is refused as `fenced`, and the work is offered again. */
  | { readonly kind: "claim lost" }
  /** It takes effect, and its answer does not arrive: the runner sends it again, which takes some time. */
  | { readonly kind: "answer lost" }
  /** The process of this handler dies before the commit, or after it and before its answer; another takes over. */
  | { readonly kind: "crash"; readonly when: "before" | "after" };

/** Goes wrong as it is told to, once each time. */
export interface Interference {
  /** `nth`: of the commits from now on, 1 is the next. */
  plan(url: string, nth: number, mishap: Mishap): void;
  /** The connection of one claim. */
  between(url: string, fetch: Fetch, effects: Effects): Fetch;
}

export interface Effects {
  /** Whether its process is no more: nothing goes out, and nothing comes in. */
  readonly isDead: () => boolean;
  readonly crash: () => void;
  readonly loseClaim: () => void;
}

interface Planned {
  left: number;
  readonly mishap: Mishap;
}

export function createInterference(): Interference {
  const planned = new Map<string, Planned[]>();
  const next = (url: string): Mishap | undefined => {
    const list = planned.get(url) ?? [];
    for (const one of list) one.left -= 1;
    const due = list.find(({ left }) => left === 0);
    planned.set(
      url,
      list.filter(({ left }) => left > 0),
    );
    return due?.mishap;
  };
  return {
    plan(url, nth, mishap) {
      if (!Number.isInteger(nth) || nth < 1) throw new RangeError("The next commit is the first.");
      planned.set(url, [...(planned.get(url) ?? []), { left: nth, mishap }]);
    },
    between(url, fetch, { isDead, crash, loseClaim }) {
      return async (request) => {
        if (isDead()) return silence();
        const mishap = new URL(request.url).pathname === `${url}/claim/commit` ? next(url) : undefined;
        switch (mishap?.kind) {
          case undefined:
            return fetch(request);
          case "refused":
            return errorResponse(mishap.error);
          case "claim lost":
            loseClaim();
            return fetch(request);
          case "answer lost":
            await fetch(request);
            throw new TypeError("The connection broke.");
          case "crash":
            if (mishap.when === "after") await fetch(request);
            crash();
            return silence();
        }
      };
    },
  };
}

function silence(): Promise<never> {
  return new Promise(() => undefined);
}
