import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { nameOf, pathOf, patternOf } from "./names.ts";
import { webhookUrlProblem } from "./webhook-url.ts";

test("[SB18] webhooks are https, or http on this machine, without credentials", () => {
  for (const good of [
    "https://example.com/hook?x=1",
    "http://localhost:8080/",
    "http://127.0.0.1/hook",
    "http://127.9.9.9:1/",
    "http://[::1]:3000/",
  ]) {
    expect(webhookUrlProblem(good), good).toBeUndefined();
  }
  for (const bad of [
    "http://10.0.0.1/hook",
    "http://example.com/",
    "http://localhost.example.com/",
    "http://127.0.0.1.example.com/",
    "ftp://localhost/",
    "file:///etc/passwd",
    "https://user:secret@example.com/",
    "https://example.com/#x",
    "nonsense",
  ]) {
    expect(webhookUrlProblem(bad), bad).toBeDefined();
  }
});

test("[SB6] names are paths under /v1/stream/, as URLs have them, and never the protocol's own", () => {
  expect(pathOf("events/a", {})).toBe("/v1/stream/events/a");
  expect(pathOf("/events/a", {})).toBe("/v1/stream/events/a");
  expect(pathOf("/v1/stream/events/a", {})).toBe("/v1/stream/events/a");
  expect(pathOf("a b/ü", {})).toBe("/v1/stream/a%20b/%C3%BC");
  expect(patternOf("events/*", {})).toBe("/v1/stream/events/*");
  expect(nameOf("/v1/stream/events/a")).toBe("events/a");
  for (const bad of ["", "a/", "a//b", "a?b", "a#b", "__ds/x", "x/../__ds/jwks.json", "/v1/stream/__ds", "a\0"]) {
    expect(pathOf(bad, {}), bad).toBeUndefined();
  }
});

test("[SB6] other paths only where they may be linked", () => {
  const mayLink = (path: string): boolean => path === "/hello/*/main";
  expect(patternOf("/hello/*/main", { mayLink })).toBe("/hello/*/main");
  expect(patternOf("hello/*/main", { mayLink })).toBe("/v1/stream/hello/*/main");
  expect(patternOf("/hello/**", { mayLink })).toBe("/v1/stream/hello/**");
});

test("[SB1] what is asked for is judged, and the same request has the same hash", () => {
  const hash = (body: Record<string, unknown>) => {
    const outcome = parseConfig({ type: "pull-wake", wake_stream: "w", ...body }, {});
    return outcome.kind === "config" ? outcome.hash : outcome.code;
  };
  expect(hash({ streams: ["a", "b", "a"] })).toBe(hash({ streams: ["b", "/a"] }));
  expect(hash({ streams: ["a"] })).not.toBe(hash({ streams: ["a"], lease_ttl_ms: 5000 }));
  for (const bad of [
    {},
    { pattern: "a*" },
    { pattern: "a", lease_ttl_ms: 999 },
    { pattern: "a", lease_ttl_ms: 600_001 },
    { pattern: "a", lease_ttl_ms: 1000.5 },
    { pattern: "a", type: "other" },
    { pattern: "a", wake_stream: undefined },
    { pattern: "a", type: "webhook" },
    { streams: ["__ds/x"] },
    { entity_type: "hello" },
  ]) {
    expect(hash(bad), JSON.stringify(bad)).toBe("INVALID_REQUEST");
  }
});
