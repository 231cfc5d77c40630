import { expect, test } from "vitest";
import { readTelemetrySettings } from "./settings.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test("[OP8] traces are off unless the standard variables say where they go", () => {
  expect(readTelemetrySettings({})).toEqual({ kind: "off" });
  expect(readTelemetrySettings({ OTEL_SERVICE_NAME: "mine" })).toEqual({ kind: "off" });
  expect(readTelemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: " " })).toEqual({ kind: "off" });
  expect(readTelemetrySettings({ ...endpoint, OTEL_SDK_DISABLED: "True" })).toEqual({ kind: "off" });
  expect(readTelemetrySettings({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toEqual({ kind: "off" });
  expect(readTelemetrySettings(endpoint)).toEqual({ kind: "otlp", encoding: "protobuf" });
  expect(readTelemetrySettings({ OTEL_TRACES_EXPORTER: "otlp" })).toEqual({ kind: "otlp", encoding: "protobuf" });
  const json = { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
  expect(readTelemetrySettings(json)).toEqual({ kind: "otlp", encoding: "json" });
  const mixed = { ...json, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" };
  expect(readTelemetrySettings(mixed)).toEqual({ kind: "otlp", encoding: "protobuf" });
});

test("[OP10] an exporter or a protocol that is not known is said by name", () => {
  expect(readTelemetrySettings({ OTEL_TRACES_EXPORTER: "zipkin" })).toMatchObject({
    kind: "unsupported",
    message: expect.stringContaining("OTEL_TRACES_EXPORTER is “zipkin”"),
  });
  expect(readTelemetrySettings({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toMatchObject({
    kind: "unsupported",
    message: expect.stringContaining("http/protobuf or http/json"),
  });
});
