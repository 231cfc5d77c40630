import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { expect, onTestFinished, test } from "vitest";
import { startSkein, tempFolder } from "../testing/cli-process.ts";
import { startCollector } from "../testing/collector.ts";
import { createTracing } from "./tracing.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

function record() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  return { tracing: createTracing(provider.getTracer("test")), named };
}

test("[OP9] a request takes part in its caller's trace; its commits, and a handler's requests and runs, are in it", async () => {
  const { tracing, named } = record();
  const server = await createEmbeddedServer({ home: await tempFolder(), port: 0, trace: tracing.server });
  onTestFinished(() => server.close());
  const connection = { ...server, baseUrl: server.url, fetch: tracing.propagating((request) => server.fetch(request)) };
  const registry = createRegistry();
  registry.define("worker", {
    description: "Works once well and once badly.",
    handler(ctx, wake) {
      for (const { payload } of wake.messages)
        ctx.recordRun().end(payload === "fail" ? { status: "failed", error: "no" } : { status: "completed" });
    },
  });
  const runner = createRunner({ ...connection, registry, id: "r", trace: tracing.runner });
  await runner.start();
  onTestFinished(() => runner.stop());

  const headers = { authorization: `Bearer ${server.token}`, traceparent: `00-${TRACE}-${PARENT}-01` };
  const made = await fetch(`${server.url}/worker/one`, { method: "PUT", headers, body: "{}" });
  expect(made.status).toBe(201);
  const [put] = named("PUT /:type/:id");
  expect(put?.spanContext().traceId).toBe(TRACE);
  expect(put?.parentSpanContext?.spanId).toBe(PARENT);
  expect(put?.attributes).toMatchObject({ "http.response.status_code": 201, "url.path": "/worker/one" });
  const commits = named("commit").filter((span) => span.parentSpanContext?.spanId === put?.spanContext().spanId);
  expect(commits.map((span) => span.attributes["skein.outcome"])).toContain("committed");

  const client = createClient(connection);
  for (const payload of ["do", "fail"]) await client.send("/worker/one", { payload });
  await expect.poll(() => named("run"), { timeout: 20_000 }).toHaveLength(2);
  await runner.stop();
  const [handled] = named("handle worker");
  expect(handled?.attributes).toMatchObject({ "skein.entity": "/worker/one", "skein.entity.type": "worker" });
  const handlers = new Set(named("handle worker").map((span) => span.spanContext().spanId));
  const runs = named("run");
  for (const run of runs) expect(handlers).toContain(run.parentSpanContext?.spanId);
  expect(runs.map((run) => run.status)).toEqual([{ code: 0 }, { code: 2, message: "no" }]);
});

test("[OP8][OP10] skein start sends what it does to the collector that the variables name, and stops without one", async () => {
  const collector = await startCollector();
  const variables = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_BSP_SCHEDULE_DELAY: "50" };
  const { ready } = await startSkein(await tempFolder(), {
    ...variables,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SERVICE_NAME: "my-skein",
  });
  const answer = await fetch(`${ready.url}/_skein/sessions?limit=777`, {
    headers: { authorization: `Bearer ${ready.token}`, traceparent: `00-${TRACE}-${PARENT}-01` },
  });
  expect(answer.status).toBe(200);
  const listed = await collector.span((span) => span.name === "GET /_skein/sessions");
  expect(listed).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
  expect(JSON.stringify(listed)).not.toContain("777");
  expect(collector.services).toContain("my-skein");

  // Nobody listens at port 9 of this machine.
  const alone = await startSkein(await tempFolder(), {
    ...variables,
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
  });
  expect((await fetch(`${alone.ready.url}/_skein/health`)).status).toBe(200);
  alone.child.kill("SIGTERM");
  expect((await alone.ended).code).toBe(0);
});
