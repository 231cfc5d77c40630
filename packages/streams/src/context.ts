import type { SkeinError } from "@skein/protocol";
import type { Store } from "@skein/store";
import type { Ending } from "./ending.ts";
import type { Hub } from "./hub.ts";
import type { SubscriptionsDeps } from "./subscriptions/context.ts";

/** What may be done with a stream through this door. */
export type StreamAction = "read" | "create" | "append" | "delete";

/** Decided by the caller for each request: who may do what is not the handler's business. */
export interface StreamsCall {
  /** Default: everything. What is not allowed is answered 405. */
  readonly allow?: readonly StreamAction[];
  /** The store's path of a fork's source, as named in `Stream-Forked-From`; `undefined`: not to be forked (404). */
  readonly forkSource?: (source: string) => string | undefined;
  /** Looks at messages before they are appended; what it returns is the refusal. */
  readonly check?: (messages: readonly Uint8Array[]) => SkeinError | undefined;
}

/** `follow`: one response over several streams. */
export type ReaderKind = "sse" | "long-poll" | "follow";

export type StreamsEvent =
  | { readonly kind: "reader-joined" | "reader-left"; readonly reader: ReaderKind }
  /** It was too slow for what is kept in memory, and reads the store until it has caught up. */
  | { readonly kind: "reader-behind" };

export interface CorsPolicy {
  /** `*`, or the one origin that may use the streams from a browser. */
  readonly origin: string;
}

export interface StreamsDeps {
  readonly store: Store;
  /** Absent: same-origin only, no CORS headers at all. */
  readonly cors?: CorsPolicy;
  /** Who may keep what was read. Default `private`: browsers, but no shared cache. */
  readonly caching?: "public" | "private";
  /** How long a long poll waits. Default 20 s. */
  readonly longPollMs?: number;
  /** After about this time an SSE connection ends and its reader comes back. Default 60 s. */
  readonly sseMs?: number;
  /** An SSE connection on which nothing happens gets a comment this often. Default 15 s. */
  readonly keepAliveMs?: number;
  /** The store is read in parts of about this many bytes. Default 1 MiB. */
  readonly chunkBytes?: number;
  /** About where a catch-up response ends, for another to continue it. Default 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Default 8 MiB. */
  readonly maxBodyBytes?: number;
  /** Ends all live reads when it is aborted: they get what is theirs, and a clean end. */
  readonly signal?: AbortSignal;
  /** For the jitter of cursors and lifetimes. */
  readonly random?: () => number;
  /** Told of live readers, for metrics. */
  readonly observe?: (event: StreamsEvent) => void;
  /** With these the protocol's subscriptions are there; the store then needs `SUBSCRIPTION_COLLECTIONS`. */
  readonly subscriptions?: Omit<SubscriptionsDeps, "store">;
  /** Failures that have no other way out: the client got a 500 or the end of its stream. */
  readonly onError?: (error: unknown) => void;
}

/** The dependencies with their defaults, and what all requests share. */
export interface StreamsContext extends Required<Omit<StreamsDeps, "cors" | "signal" | "subscriptions">> {
  readonly cors: CorsPolicy | undefined;
  /** Of all live reads. */
  readonly ending: Ending;
  readonly hub: Hub;
}

/** One request, taken apart. */
export interface StreamRequest {
  readonly request: Request;
  readonly url: URL;
  readonly path: string;
  readonly call: StreamsCall;
}
