import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { z } from "zod";

const value = z.object({ stringValue: z.string().optional(), intValue: z.number().optional() });
const span = z.object({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  attributes: z.array(z.object({ key: z.string(), value })),
});
/** Spans as OTLP/HTTP has them in JSON. */
const body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.object({ key: z.string(), value })) }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

export type CollectedSpan = z.infer<typeof span>;

export interface Collector {
  readonly url: string;
  /** Names of the services that sent. */
  readonly services: ReadonlySet<string>;
  /** Resolves with the first span that satisfies it. */
  span(satisfied: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
}

/** Takes traces as a collector of OpenTelemetry does. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const services = new Set<string>();
  const listeners = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const content = await json(request);
    for (const { resource, scopeSpans } of body.parse(content).resourceSpans) {
      for (const { key, value: named } of resource.attributes)
        if (key === "service.name" && named.stringValue !== undefined) services.add(named.stringValue);
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
    response.setHeader("content-type", "application/json").end("{}");
    for (const listener of listeners) listener();
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    services,
    span: (satisfied) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = spans.find(satisfied);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
      }),
  };
}
