import { SkeinError } from "@skein/protocol";
import { createSseParser, parseEvent, positionOf, type StreamEvent, type Transport } from "@skein/runtime/client";
import { z } from "zod";
import type { Environment } from "./environment.ts";

/** One connection of the follower: `GET /_skein/follow?s={path}@{offset}&s=…`, server-sent events. */
export type FollowMessage =
  | {
      readonly kind: "batch";
      readonly stream: string;
      readonly events: readonly StreamEvent[];
      /** The position behind the last event. */
      readonly next: number;
      readonly upToDate: boolean;
    }
  | { readonly kind: "gone"; readonly stream: string; readonly code: string };

export interface ConnectOptions {
  readonly transport: Transport;
  readonly environment: Environment;
  /** `{path}@{offset}` each. */
  readonly streams: readonly string[];
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  readonly onMessage: (message: FollowMessage) => void;
}

/** The server writes at least a comment every 15 seconds; after this long without a byte the connection is dead. */
const SILENCE_MS = 40_000;

const batch = z.object({ stream: z.string(), events: z.array(z.unknown()), next: z.string(), upToDate: z.boolean() });
const gone = z.object({ stream: z.string(), code: z.string() });

/** Resolves when the server ends the connection; rejects with a `SkeinError` when it fails or is aborted. */
export async function connect(options: ConnectOptions): Promise<void> {
  const { transport, environment, streams, signal, onOpen, onMessage } = options;
  const silence = new AbortController();
  let stopWatch = (): void => undefined;
  const watch = (): void => {
    stopWatch();
    stopWatch = environment.after(SILENCE_MS, () => silence.abort(new Error("the server is silent")));
  };
  try {
    watch();
    const search = new URLSearchParams(streams.map((stream) => ["s", stream]));
    const both = AbortSignal.any([signal, silence.signal]);
    const response = await transport.request("GET", `/_skein/follow?${search.toString()}`, { signal: both });
    if (!response.body) throw new SkeinError("unavailable", "a live answer came without a body");
    onOpen();
    for await (const text of texts(response.body)) {
      watch();
      for (const message of text) onMessage(message);
    }
  } catch (error) {
    if (error instanceof SkeinError) throw error;
    throw new SkeinError("unavailable", "the live connection broke", { cause: error });
  } finally {
    stopWatch();
  }
}

async function* texts(body: ReadableStream<Uint8Array>): AsyncGenerator<FollowMessage[], void, undefined> {
  const parse = createSseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield parse(decoder.decode(value, { stream: true })).flatMap(({ event, data }) => readMessage(event, data));
    }
  } finally {
    reader.cancel().catch(() => undefined); // It is being thrown away: its end has nothing to say.
  }
}

function readMessage(event: string, data: string): FollowMessage[] {
  if (event === "batch") {
    const { stream, events, next, upToDate } = batch.parse(JSON.parse(data));
    return [{ kind: "batch", stream, events: events.map(parseEvent), next: positionOf(next), upToDate }];
  }
  return event === "gone" ? [{ kind: "gone", ...gone.parse(JSON.parse(data)) }] : [];
}
