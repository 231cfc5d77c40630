import { setTimeout as after } from "node:timers/promises";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { TelemetrySettings } from "./settings.ts";
import { createTracing, type Tracing } from "./tracing.ts";

export interface Telemetry {
  readonly tracing: Tracing;
  /** Sends what is left. A collector that does not take it holds nobody up. */
  close(): Promise<void>;
}

type Wanted = Extract<TelemetrySettings, { kind: "otlp" }>;

const CLOSE_MS = 1_000;

/** The SDK of OpenTelemetry, as its variables want it. Loaded only when they are set. */
export async function startTelemetry(settings: Wanted, version: string): Promise<Telemetry> {
  const own = resourceFromAttributes({ "service.name": "skein", "service.version": version });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(await createExporter(settings))],
  });
  return {
    tracing: createTracing(provider.getTracer("skein", version)),
    close: () => Promise.race([provider.shutdown(), after(CLOSE_MS, undefined, { ref: false })]),
  };
}

async function createExporter({ encoding }: Wanted): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    encoding === "json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}
