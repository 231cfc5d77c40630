import { parseEvent, type StreamEvent } from "@skein/runtime/client";
import { expect, test } from "vitest";
import { appended, collectionsAt, eventSummary, MAX_EVENTS, prepended, streamPath } from "./event-log.ts";

const event = (operation: string, key: string, n: number): StreamEvent =>
  parseEvent({ type: "note", key, value: { key, n }, headers: { operation } });

test("[WB46] the collections at a position are those that the messages in front of it make", () => {
  const log = {
    start: 10,
    events: [
      event("insert", "a", 1),
      event("insert", "b", 2),
      event("update", "a", 3),
      event("delete", "b", 0),
      parseEvent({ headers: { control: "reset" } }),
      parseEvent("anything"),
    ],
  };
  const at = (position: number) =>
    collectionsAt(log, position).map(({ type, rows }) => [type, ...rows.map(({ value }) => value)]);
  expect(at(9)).toEqual([]);
  expect(at(10)).toEqual([]);
  expect(at(12)).toEqual([["note", { key: "a", n: 1 }, { key: "b", n: 2 }]]);
  expect(at(13)).toEqual([["note", { key: "a", n: 3 }, { key: "b", n: 2 }]]);
  expect(at(14)).toEqual([["note", { key: "a", n: 3 }]]);
  expect(at(15)).toEqual([]);
  expect(collectionsAt(log, 12)[0]?.rows.map(({ position }) => position)).toEqual([10, 11]);
  expect(log.events.map((one) => eventSummary(one).operation)).toEqual(
    "insert insert update delete reset message".split(" "),
  );
});

test("[WB46] what is held of a stream is contiguous and bounded at both ends", () => {
  const many = (count: number, from: number) => Array.from({ length: count }, (_, n) => event("insert", "k", from + n));
  const full = appended({ start: 0, events: [] }, many(MAX_EVENTS + 10, 0));
  expect(full.start).toBe(10);
  expect(full.events).toHaveLength(MAX_EVENTS);
  expect(prepended(full, many(10, 0))).toEqual(full);
  const short = { start: 100, events: many(3, 100) };
  const grown = prepended(short, many(50, 50));
  expect(grown.start).toBe(50);
  expect(grown.events).toHaveLength(53);
});

test("[WB46] an entity's URL, a stream's path and a whole address lead to a stream; anything else does not", () => {
  expect(streamPath("/coder/one")).toBe("/coder/one/main");
  expect(streamPath("coder/one/main")).toBe("/coder/one/main");
  expect(streamPath("http://127.0.0.1:4437/_skein/shared-state/coder-session/one")).toBe(
    "/_skein/shared-state/coder-session/one",
  );
  for (const bad of ["", "/", "a b", "/a/%2e%2e/b", "/x?y=1"]) expect(streamPath(bad)).toBeUndefined();
});
