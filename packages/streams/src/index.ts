export { createStreamsHandler, type StreamsHandler } from "./handler.ts";
export type { CorsPolicy, StreamAction, StreamsCall, StreamsDeps } from "./context.ts";
export { HEADERS as STREAM_HEADERS } from "./protocol.ts";
export { splitJson, type JsonMessages } from "./json-messages.ts";
