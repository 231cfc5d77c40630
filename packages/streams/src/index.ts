export { createStreams, createStreamsHandler, type Streams, type StreamsHandler } from "./handler.ts";
export type { FollowHandler, FollowTarget } from "./follow.ts";
export type { CorsPolicy, ReaderKind, StreamAction, StreamsCall, StreamsDeps, StreamsEvent } from "./context.ts";
export { HEADERS as STREAM_HEADERS } from "./protocol.ts";
export { splitJson, type JsonMessages } from "./json-messages.ts";
