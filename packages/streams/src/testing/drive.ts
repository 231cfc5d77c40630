import { createMemoryStore } from "@skein/store/memory";
import type { Store } from "@skein/store";
import type { StreamsCall, StreamsDeps } from "../context.ts";
import { createStreamsHandler } from "../handler.ts";

/** A handler over a memory store, driven without a network. */
export interface Drive {
  readonly store: Store;
  readonly errors: unknown[];
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
  readonly call?: StreamsCall;
}

export function drive(deps: Partial<StreamsDeps> = {}): Drive {
  const store = deps.store ?? createMemoryStore({ collections: {} });
  const errors: unknown[] = [];
  const handler = createStreamsHandler({ onError: (error) => errors.push(error), ...deps, store });
  return {
    store,
    errors,
    send: (method, path, { call, ...options } = {}) =>
      handler(new Request(`http://test${path}`, { method, ...options }), undefined, call),
  };
}

export const JSON_TYPE = { "content-type": "application/json" };
export const TEXT_TYPE = { "content-type": "text/plain" };

/** A JSON stream with these messages. */
export async function jsonStream(driven: Drive, path: string, messages: readonly unknown[] = []): Promise<void> {
  await driven.send("PUT", path, { headers: JSON_TYPE, body: JSON.stringify(messages) });
}

export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of an SSE response, read by the rules of the HTML standard; ends with the response. */
export async function* sseEvents(response: Response): AsyncGenerator<SseEvent, void, undefined> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function parseEvent(block: string): SseEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) event = value;
    if (line.startsWith("data:")) data.push(value);
  }
  return { event, data: data.join("\n") };
}

/** Reads events until one satisfies; the rest stays unread. Fails when the response ends before. */
export async function until(
  events: AsyncGenerator<SseEvent, void, undefined>,
  isIt: (event: SseEvent) => boolean,
): Promise<SseEvent[]> {
  const seen: SseEvent[] = [];
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    seen.push(next.value);
    if (isIt(next.value)) return seen;
  }
  throw new Error(`The response ended after ${JSON.stringify(seen)}`);
}

export function controlOf(event: SseEvent | undefined): Record<string, unknown> {
  const parsed: unknown = event?.event === "control" ? JSON.parse(event.data) : undefined;
  if (typeof parsed !== "object" || parsed === null) throw new Error(`Not a control event: ${JSON.stringify(event)}`);
  return { ...parsed };
}

export const isUpToDate = (event: SseEvent): boolean => event.event === "control" && event.data.includes('"upToDate"');
