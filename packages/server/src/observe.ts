import type { ErrorCode } from "@skein/protocol";

/** What the server tells of itself, for metrics. Times are milliseconds. */
export type ServerEvent =
  | {
      readonly kind: "request";
      readonly method: string;
      /** The pattern that matched, never a path: there are as many as there are routes. */
      readonly route: string;
      readonly status: number;
      /** Until the answer's head; live answers go on after it. */
      readonly ms: number;
    }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | {
      readonly kind: "claimed";
      /** How long the entity had been ready. */
      readonly waitedMs: number;
      /** The lease of the claim before it had run out. */
      readonly expired: boolean;
    };

export type Observe = (event: ServerEvent) => void;
