import { createRegistry, type Registry } from "@skein/runtime";
import { z } from "zod";

/** A parcel that is passed on: numbered by its sender for each receiver, so that order and loss can be seen. */
export const parcel = z.object({
  id: z.string(),
  /** Who sends it: an entity's URL, or a person's name. */
  from: z.string(),
  /** Counts what `from` has sent to this receiver. */
  n: z.number().int(),
  hops: z.number().int(),
});
export type Parcel = z.infer<typeof parcel>;

export const seenRow = parcel.extend({ key: z.string() });
const sentRow = z.object({ key: z.string(), n: z.number().int() });

/** Where a parcel goes next: any entity, the same one each time it is asked. */
export function nextOf({ id, hops }: Parcel, entities: number): number {
  let hash = 7;
  for (const letter of `${id}/${hops}`) hash = (hash * 31 + letter.charCodeAt(0)) % 1_000_003;
  return hash % entities;
}

/** Told of what a handler does, in whichever process it runs. */
export interface Watcher {
  entered(handler: { readonly url: string; readonly generation: number }): Promise<void>;
  left(handler: { readonly url: string; readonly generation: number; readonly lastWork: number }): Promise<void>;
  now(): number;
}

/** What it has noted it passes over: input may come again after a crash. Some of it is flushed on the way. */
export function relayRegistry(entities: number, watcher: Watcher): Registry {
  const registry = createRegistry();
  registry.define("relay", {
    description: "Passes parcels on.",
    inboxSchemas: { parcel },
    state: {
      seen: { type: "seen", primaryKey: "key", schema: seenRow },
      sent: { type: "sent", primaryKey: "key", schema: sentRow },
    },
    async handler(ctx, { messages }) {
      const handler = { url: ctx.url, generation: ctx.generation };
      await watcher.entered(handler);
      let lastWork = watcher.now();
      try {
        for (const [index, { payload }] of messages.entries()) {
          if (ctx.signal.aborted) throw new Error("aborted");
          lastWork = watcher.now();
          const given = parcel.parse(payload);
          const key = `${given.from} ${given.n}`;
          if (ctx.state.seen.has(key)) continue;
          ctx.state.seen.insert({ key, ...given });
          if (given.hops > 0) {
            const to = `/relay/${nextOf(given, entities)}`;
            const n = (ctx.state.sent.get(to)?.n ?? 0) + 1;
            ctx.state.sent.upsert({ key: to, n });
            ctx.send(to, { type: "parcel", payload: { id: given.id, from: ctx.url, n, hops: given.hops - 1 } });
          }
          if (index % 3 === 1) await ctx.flush();
        }
      } finally {
        await watcher.left({ ...handler, lastWork });
      }
    },
  });
  return registry;
}
