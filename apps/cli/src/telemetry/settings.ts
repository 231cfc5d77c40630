/**
 * Which traces a person asked for, in the variables of OpenTelemetry's specification
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Off unless one of them says
 * where traces go. What the exporter, the sampler and the batches read beyond that is theirs.
 */
export type TelemetrySettings =
  | { readonly kind: "off" }
  | { readonly kind: "otlp"; readonly encoding: "json" | "protobuf" }
  | { readonly kind: "unsupported"; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

const ENDPOINTS = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

export function readTelemetrySettings(environment: Environment): TelemetrySettings {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  if (read("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return { kind: "off" };
  const exporter = read("OTEL_TRACES_EXPORTER") ?? (ENDPOINTS.some(read) ? "otlp" : "none");
  if (exporter === "none") return { kind: "off" };
  if (exporter !== "otlp") return unsupported("OTEL_TRACES_EXPORTER", exporter, "otlp or none");
  const protocol = read("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? read("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
  if (protocol === "http/protobuf") return { kind: "otlp", encoding: "protobuf" };
  if (protocol === "http/json") return { kind: "otlp", encoding: "json" };
  return unsupported("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "http/protobuf or http/json");
}

function unsupported(name: string, value: string, known: string): TelemetrySettings {
  return { kind: "unsupported", message: `No traces are sent: ${name} is “${value}”; Skein knows ${known}.` };
}
