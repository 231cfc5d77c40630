import { SkeinError, type SendResult } from "@skein/protocol";
import { createBackoff, isTransient, positionOf } from "@skein/runtime/client";
import { promptAttachment, type PromptAttachment } from "@skein/sessions";
import { z } from "zod";
import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";

/**
 * Prompts on their way from this page to the server. Each has an id of its own, sent with every try, so that it is
 * queued exactly once however often the network fails; it survives a reload, and leaves when the coder's stream has
 * been read past it.
 */
export interface Outgoing extends OutgoingPrompt {
  readonly id: string;
  readonly createdAt: number;
  readonly state:
    | { readonly kind: "sending" }
    | { readonly kind: "accepted"; readonly key: string; readonly position: number }
    | { readonly kind: "refused"; readonly code: string; readonly message: string };
}

export interface OutgoingPrompt {
  readonly text: string;
  /** `steer`: for the turn that runs, where the agent can. */
  readonly type: "prompt" | "steer";
  /** Files that were uploaded before. */
  readonly attachments: readonly PromptAttachment[];
}

export interface Outbox {
  readonly entries: External<readonly Outgoing[]>;
  readonly send: (prompt: OutgoingPrompt) => void;
  /** Takes a refused prompt out, or tries it again under the same id. */
  readonly discard: (id: string) => void;
  readonly retry: (id: string) => void;
  /** The coder's stream has been read up to here. */
  readonly seen: (position: number) => void;
  readonly close: () => void;
}

export interface OutboxOptions {
  readonly name: string;
  readonly environment: Environment;
  readonly send: (message: OutgoingPrompt & { readonly idempotencyKey: string }) => Promise<SendResult>;
}

const stored = z.array(
  z.object({
    id: z.string(),
    text: z.string(),
    type: z.enum(["prompt", "steer"]).default("prompt"),
    attachments: z.array(promptAttachment).default([]),
    createdAt: z.number(),
  }),
);

export function createOutbox({ name, environment, send }: OutboxOptions): Outbox {
  const entries = createExternal<readonly Outgoing[]>(restore(environment, name));
  const closed = new AbortController();
  const backoff = createBackoff({ clock: environment, minMs: 300, maxMs: 5_000 });
  let wake = new AbortController();
  let running = false;

  const change = (next: readonly Outgoing[]): void => {
    entries.set(next);
    const unsent = next.filter(({ state }) => state.kind !== "accepted");
    const kept = unsent.map(({ id, text, type, attachments, createdAt }) => ({
      id,
      text,
      type,
      attachments,
      createdAt,
    }));
    environment.storage.set(name, kept.length === 0 ? undefined : JSON.stringify(kept));
  };
  const settle = (id: string, state: Outgoing["state"]): void =>
    change(entries.get().map((entry) => (entry.id === id ? { ...entry, state } : entry)));

  /** One at a time, in the order in which they were written. */
  const pump = async (): Promise<void> => {
    for (;;) {
      const next = entries.get().find(({ state }) => state.kind === "sending");
      if (next === undefined || closed.signal.aborted) return;
      try {
        const { text, type, attachments, id: idempotencyKey } = next;
        const result = await send({ text, type, attachments, idempotencyKey });
        backoff.reset();
        settle(next.id, { kind: "accepted", key: result.key, position: positionOf(result.offset) });
      } catch (error) {
        if (!isTransient(error)) {
          settle(next.id, refusal(error));
          continue;
        }
        wake = new AbortController();
        await backoff.wait(AbortSignal.any([wake.signal, closed.signal]));
      }
    }
  };
  const start = (): void => {
    if (running) return;
    running = true;
    void pump().finally(() => {
      running = false;
      // One may have come while it was ending.
      if (!closed.signal.aborted && entries.get().some(({ state }) => state.kind === "sending")) start();
    });
  };
  const stopAwake = environment.awake.subscribe(() => wake.abort());
  start();

  return {
    entries,
    send(prompt) {
      const entry = {
        ...prompt,
        id: environment.newId(),
        createdAt: environment.now(),
        state: { kind: "sending" as const },
      };
      change([...entries.get(), entry]);
      start();
    },
    discard: (id) => change(entries.get().filter((entry) => entry.id !== id)),
    retry(id) {
      settle(id, { kind: "sending" });
      start();
    },
    seen(position) {
      const all = entries.get();
      const left = all.filter(({ state }) => state.kind !== "accepted" || state.position > position);
      if (left.length < all.length) change(left);
    },
    close() {
      closed.abort();
      stopAwake();
    },
  };
}

function refusal(error: unknown): Outgoing["state"] {
  if (error instanceof SkeinError) return { kind: "refused", code: error.code, message: error.message };
  return { kind: "refused", code: "internal", message: String(error) };
}

function restore(environment: Environment, name: string): readonly Outgoing[] {
  const text = environment.storage.get(name);
  if (text === undefined) return [];
  try {
    return stored.parse(JSON.parse(text)).map((entry) => ({ ...entry, state: { kind: "sending" } }));
  } catch {
    return []; // Written by something else under our name: nothing of it is ours to send.
  }
}
