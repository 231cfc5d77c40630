export { createStreams, createStreamsHandler, type Streams, type StreamsHandler } from "./handler.ts";
export type { FollowHandler, FollowTarget } from "./follow.ts";
export type { CorsPolicy, ReaderKind, StreamAction, StreamsCall, StreamsDeps, StreamsEvent } from "./context.ts";
export { HEADERS as STREAM_HEADERS } from "./protocol.ts";
export { splitJson, type JsonMessages } from "./json-messages.ts";
export { createSubscriptions, type Subscriptions } from "./subscriptions/subscriptions.ts";
export type { SubscriptionsDeps } from "./subscriptions/context.ts";
export type { EntityClaim, EntityOffer, EntityStanding, EntityUnits } from "./subscriptions/entity-units.ts";
export { ackRequest, type AckRequest, type AckResult } from "./subscriptions/claims.ts";
export { refusal, type Outcome, type Refusal } from "./subscriptions/errors.ts";
export { bearerOf, claimRequest, noContent, parseBody, refuse, respond } from "./subscriptions/http.ts";
export type { StreamState } from "./subscriptions/work.ts";
export { SUBSCRIPTION_COLLECTIONS } from "./subscriptions/records.ts";
export {
  claimed,
  HANDLER_BACKOFF,
  IDLE,
  isDue,
  judgeClaim,
  progressed,
  readied,
  released,
  renewed,
  type Backoff,
  type ClaimJudgement,
  type ClaimRef,
  type Dispatch,
  type Lease,
} from "./subscriptions/rules.ts";
