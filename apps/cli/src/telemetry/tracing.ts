import { AsyncLocalStorage } from "node:async_hooks";
import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type SpanOptions,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { RunnerTrace } from "@skein/runtime";
import type { ServerTrace } from "@skein/server";

type Fetch = (request: Request) => Promise<Response>;

/** Spans for what a process of Skein does: requests, commits, handlers and runs (a coder's turns). */
export interface Tracing {
  readonly server: ServerTrace;
  readonly runner: RunnerTrace;
  /** `fetch`, whose requests say which span they belong to (`traceparent`, W3C Trace Context). */
  propagating(fetch: Fetch): Fetch;
}

/** The context travels with the asynchronous call and not through a global: two of them in a process do not meet. */
export function createTracing(tracer: Tracer): Tracing {
  const current = new AsyncLocalStorage<Context>();
  const propagator = new W3CTraceContextPropagator();
  const active = (): Context => current.getStore() ?? ROOT_CONTEXT;

  const within = async <T>(
    name: string,
    options: SpanOptions,
    parent: Context,
    work: (span: Span) => Promise<T>,
  ): Promise<T> => {
    const span = tracer.startSpan(name, options, parent);
    try {
      return await current.run(trace.setSpan(parent, span), () => work(span));
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  };

  return {
    server: {
      request: (request, answer) => {
        const { method, headers } = request;
        const carrier = Object.fromEntries(headers);
        const parent = propagator.extract(active(), carrier, defaultTextMapGetter);
        // The query may have a secret in it and is left out.
        const attributes = { "http.request.method": method, "url.path": new URL(request.url).pathname };
        return within(method, { kind: SpanKind.SERVER, attributes }, parent, answer);
      },
      commit: (operations, commit) => {
        // What the server does by itself, such as looking for what is due, belongs to nobody's trace.
        if (trace.getSpan(active()) === undefined) return commit();
        return within("commit", { attributes: { "skein.operations": operations } }, active(), async (span) => {
          const outcome = await commit();
          span.setAttribute("skein.outcome", outcome.kind);
          return outcome;
        });
      },
      observe(event) {
        const span = trace.getSpan(active());
        if (event.kind === "request") {
          span?.updateName(`${event.method} ${event.route}`);
          span?.setAttributes({ "http.route": event.route, "http.response.status_code": event.status });
          if (event.status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
        }
        if (event.kind === "refused") span?.setAttribute("error.type", event.code);
        if (event.kind === "claimed")
          span?.addEvent("claimed", { "skein.waited_ms": event.waitedMs, "skein.lease_expired": event.expired });
      },
    },
    runner: {
      handler: ({ entity, type, generation, reason }, handle) => {
        const attributes = {
          "skein.entity": entity,
          "skein.entity.type": type,
          "skein.generation": generation,
          "skein.wake.reason": reason,
        };
        return within(`handle ${type}`, { attributes }, active(), handle);
      },
      run(entity, { key }) {
        const span = tracer.startSpan("run", { attributes: { "skein.entity": entity, "skein.run": key } }, active());
        return ({ status, error, finishReason }) => {
          if (finishReason !== undefined) span.setAttribute("skein.finish_reason", finishReason);
          if (status === "failed") fail(span, error);
          span.end();
        };
      },
    },
    propagating: (fetch) => (request) => {
      propagator.inject(active(), request.headers, {
        set: (headers, name, value) => headers.set(name, value),
      });
      return fetch(request);
    },
  };
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : typeof error === "string" ? error : undefined;
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}
