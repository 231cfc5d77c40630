import type { Store } from "@skein/store";
import { createMemoryStore } from "@skein/store/memory";
import { z } from "zod";
import { createStreams } from "../handler.ts";
import type { SubscriptionsDeps } from "../subscriptions/context.ts";
import { SUBSCRIPTION_COLLECTIONS } from "../subscriptions/records.ts";
import type { Subscriptions } from "../subscriptions/subscriptions.ts";

/** Subscriptions over a store whose clock the test moves, driven without a network. */
export interface Subscribed {
  readonly store: Store;
  readonly subscriptions: Subscriptions;
  readonly errors: unknown[];
  advance(ms: number): void;
  send(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  /** Makes a pull-wake subscription, and waits until it has settled. */
  pullWake(id: string, config: Record<string, unknown>): Promise<void>;
  append(name: string, ...messages: unknown[]): Promise<void>;
  claim(id: string, body?: Record<string, unknown>): Promise<Answer>;
  claimed(id: string, body?: Record<string, unknown>): Promise<Claimed>;
  ack(id: string, claim: Claimed, more?: Record<string, unknown>): Promise<Answer>;
  /** Acknowledges what the claim told of, and gives it back. */
  finish(id: string, claim: Claimed): Promise<Answer>;
  /** What was written to the wake stream. */
  wakes(name?: string): Promise<WakeEvent[]>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export const claimedBody = z.object({
  wake_id: z.string(),
  generation: z.number(),
  token: z.string(),
  streams: z.array(
    z.object({ path: z.string(), acked_offset: z.string(), tail_offset: z.string(), has_pending: z.boolean() }),
  ),
});
export type Claimed = z.infer<typeof claimedBody>;

const wakeEvents = z.array(
  z.object({
    type: z.literal("wake"),
    subscription_id: z.string(),
    stream: z.string().optional(),
    generation: z.number(),
    wake_id: z.string().optional(),
  }),
);
export type WakeEvent = z.infer<typeof wakeEvents>[number];

export interface SubscribedOptions extends Partial<SubscriptionsDeps> {
  readonly now?: () => number;
}

export function subscribed(options: SubscribedOptions = {}): Subscribed {
  let time = 1_700_000_000_000;
  const now = options.now ?? (() => time);
  const { store = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS, now }), now: _, ...deps } = options;
  const stop = new AbortController();
  const errors: unknown[] = [];
  const streams = createStreams({
    store,
    signal: stop.signal,
    onError: (error) => errors.push(error),
    subscriptions: { random: () => 0.5, onError: (error) => errors.push(error), ...deps },
  });
  const { subscriptions } = streams;
  if (subscriptions === undefined) throw new Error("There are no subscriptions.");
  const send: Subscribed["send"] = async (method, path, body, token) => {
    const headers = {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const request = new Request(`http://test/v1/stream/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const response = await streams.handle(request);
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : parse(text) };
  };
  const at = (id: string): string => `__ds/subscriptions/${id}`;
  const claim: Subscribed["claim"] = (id, body = {}) => send("POST", `${at(id)}/claim`, { worker: "w", ...body });
  const ack: Subscribed["ack"] = (id, { wake_id, generation, token }, more = {}) =>
    send("POST", `${at(id)}/ack`, { wake_id, generation, ...more }, token);
  return {
    store,
    subscriptions,
    errors,
    advance: (ms) => {
      time += ms;
    },
    send,
    async pullWake(id, config) {
      const body = { type: "pull-wake", wake_stream: "wakes", lease_ttl_ms: 10_000, ...config };
      const { status, body: answer } = await send("PUT", at(id), body);
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(answer)}`);
    },
    async append(name, ...messages) {
      // There already, perhaps with another configuration: all the same here.
      await send("PUT", name);
      const { status } = await send("POST", name, messages);
      if (status !== 204) throw new Error(`${name}: ${status}`);
    },
    claim,
    async claimed(id, body) {
      const { status, body: answer } = await claim(id, body);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(answer)}`);
      return claimedBody.parse(answer);
    },
    ack,
    finish: (id, held) =>
      ack(id, held, {
        acks: held.streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset })),
        done: true,
      }),
    async wakes(name = "wakes") {
      await subscriptions.run();
      const { status, body } = await send("GET", name);
      return status === 404 ? [] : wakeEvents.parse(body);
    },
    async close() {
      stop.abort();
      await store.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
