import type { IncomingMessage, ServerResponse } from "node:http";
import { SkeinError } from "@skein/protocol";
import { Ending } from "../ending.ts";
import { errorResponse, refuse } from "../responses.ts";
import type { CompressPolicy } from "./compress.ts";
import { NodeRequest } from "./node-request.ts";
import { sendResponse } from "./send-response.ts";

export type WebHandler = (request: Request) => Promise<Response>;

export interface NodeListenerOptions {
  /** A body that is longer is answered 413 as soon as that is known. Default 8 MiB. */
  readonly maxBodyBytes?: number;
  /** A reader that takes nothing for so long is cut off. Default 60 s. */
  readonly stallMs?: number;
  /** Which answers are compressed for clients that accept it. Default `network`: long texts that leave this machine. */
  readonly compress?: CompressPolicy;
  /** Told of each reader that was cut off so. */
  readonly onStall?: () => void;
  /** Ends open live responses when it is aborted: each request's own signal follows it. */
  readonly signal?: AbortSignal;
  /** What the handler threw, and failures of sending that are not the client's going away. */
  readonly onError?: (error: unknown) => void;
}

export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const DEFAULT_MAX_BODY_BYTES = 8 * 1024 * 1024;
const DEFAULT_STALL_MS = 60_000;

/** A web handler as a listener of `node:http`. The request's signal is aborted when the client goes. */
export function toNodeListener(handler: WebHandler, options: NodeListenerOptions = {}): NodeListener {
  const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, stallMs = DEFAULT_STALL_MS, signal } = options;
  // eslint-disable-next-line no-console -- the last way out: an error is never lost
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const { onStall = () => undefined, compress = "network" } = options;
  const ending = Ending.of(signal);
  return (incoming, outgoing) => {
    const request = requestOf(incoming, maxBodyBytes);
    const leave = () => request?.leave();
    const undo = ending.onEnd(leave);
    outgoing.once("close", () => {
      undo();
      if (!outgoing.writableFinished) leave();
    });
    serve(handler, request, incoming, outgoing, { maxBodyBytes, stallMs, onStall, compress, onError }).catch(
      (error) => {
        if (!outgoing.destroyed) onError(error);
        outgoing.destroy();
      },
    );
  };
}

type Limits = Required<Omit<NodeListenerOptions, "signal">>;

async function serve(
  handler: WebHandler,
  request: NodeRequest | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: Limits,
): Promise<void> {
  const response = await answer(handler, request, limits);
  // What was not read of the body would be taken for the next request.
  if (!incoming.complete) outgoing.setHeader("connection", "close");
  await sendResponse(response, outgoing, limits);
  if (!incoming.complete) incoming.resume();
}

async function answer(
  handler: WebHandler,
  request: NodeRequest | undefined,
  { maxBodyBytes, onError }: Limits,
): Promise<Response> {
  if (request === undefined) {
    return refuse("invalid_request", "The request's target, host or method is malformed.");
  }
  try {
    if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) {
      return refuse("too_large", `A body may have ${maxBodyBytes} bytes at most; send it in parts.`);
    }
    return await handler(request);
  } catch (error) {
    if (error instanceof SkeinError) return errorResponse(error);
    onError(error);
    return refuse("internal", "The server failed; it may be tried again.");
  }
}

/** `undefined` when the web has no such request: a malformed host or target, a method that is not for handlers. */
function requestOf(incoming: IncomingMessage, maxBodyBytes: number): NodeRequest | undefined {
  try {
    return new NodeRequest(incoming, maxBodyBytes);
  } catch {
    return undefined;
  }
}
