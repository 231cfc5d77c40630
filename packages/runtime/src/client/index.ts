export { createBackoff, type Backoff, type BackoffOptions } from "./backoff.ts";
export { createClient, type Client, type ClientOptions, type EntityListOptions, type ListOptions } from "./client.ts";
export { sleep, systemClock, type Clock } from "./clock.ts";
export { isChangeEvent, parseEvent, type ControlEvent, type StreamEvent } from "./events.ts";
export { type ConnectionState, type FollowOptions, type StreamFollower } from "./follow-stream.ts";
export { createFold, type Fold, type FoldOptions, type Keep } from "./fold.ts";
export { OrderedRows, type RowEntry } from "./ordered-rows.ts";
export { positionOf, readStream, type ReadOptions, type StreamBatch, type StreamRange } from "./read-stream.ts";
export { createSseParser, type SseEvent } from "./sse.ts";
export {
  createRetryJudge,
  createTransport,
  isTransient,
  type ConnectionOptions,
  type Fetch,
  type Transport,
  withOwnSignal,
} from "./transport.ts";
