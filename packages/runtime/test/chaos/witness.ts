import { createServer } from "node:http";
import { z } from "zod";

const told = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("entered"), url: z.string(), generation: z.number(), pid: z.number(), at: z.number() }),
  z.object({
    kind: z.literal("left"),
    url: z.string(),
    generation: z.number(),
    pid: z.number(),
    at: z.number(),
    lastWork: z.number(),
  }),
]);

interface Stay {
  readonly url: string;
  readonly generation: number;
  readonly pid: number;
  readonly from: number;
  /** When it last did something; absent while it may still do more. */
  to?: number;
}

/** Sees from outside which handlers run when, in all processes. */
export interface Witness {
  readonly url: string;
  /** Resolves when so many handlers more have begun. */
  begun(more: number): Promise<void>;
  /** A process is dead: none of its handlers does anything any more. */
  died(pid: number): void;
  /** Handlers of one entity that were at work at the same time, in words. */
  overlaps(): string[];
  readonly count: number;
  close(): void;
}

export async function startWitness(): Promise<Witness> {
  const stays: Stay[] = [];
  const waiting = new Set<{ readonly at: number; readonly resolve: () => void }>();
  const hear = (message: z.infer<typeof told>): void => {
    const { url, generation, pid } = message;
    if (message.kind === "left") {
      const stay = stays.findLast((one) => one.url === url && one.generation === generation && one.pid === pid);
      if (stay) stay.to = message.lastWork;
      return;
    }
    stays.push({ url, generation, pid, from: message.at });
    for (const waiter of waiting) {
      if (stays.length < waiter.at) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      hear(told.parse(JSON.parse(Buffer.concat(chunks).toString())));
      response.end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    get count() {
      return stays.length;
    },
    begun: (more) => new Promise((resolve) => void waiting.add({ at: stays.length + more, resolve })),
    died(pid) {
      const now = Number(process.hrtime.bigint() / 1000n) / 1000;
      for (const stay of stays) if (stay.pid === pid) stay.to ??= now;
    },
    overlaps() {
      const byEntity = grouped(stays);
      return [...byEntity.values()].flatMap((list) => overlapsOf(list.toSorted((a, b) => a.from - b.from)));
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function grouped(stays: readonly Stay[]): Map<string, Stay[]> {
  const groups = new Map<string, Stay[]>();
  for (const stay of stays) groups.set(stay.url, [...(groups.get(stay.url) ?? []), stay]);
  return groups;
}

function overlapsOf(stays: readonly Stay[]): string[] {
  return stays.flatMap((stay, index) => {
    const next = stays[index + 1];
    if (!next || (stay.to ?? Infinity) <= next.from) return [];
    return [`${stay.url}: generation ${stay.generation} worked until ${stay.to}, ${next.generation} from ${next.from}`];
  });
}
