import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createSseParser } from "./sse.ts";

const SEEDED = { seed: 20_261_122, numRuns: 500 };

const text = [
  ": a comment",
  "event: data",
  "data: [1,",
  "data:2]",
  "",
  "event: control\r",
  'data: {"a":1}\r',
  "id: 7\r",
  "\r",
  "data",
  "",
  "event: cut off",
  "data: never ended",
].join("\n");
const events = [
  { event: "data", data: "[1,\n2]" },
  { event: "control", data: '{"a":1}' },
  { event: "message", data: "" },
];

test("[RT43] server-sent events are the same however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const parse = createSseParser();
      const ends = [...cuts.sort((a, b) => a - b), text.length];
      expect(ends.flatMap((end, index) => parse(text.slice(ends[index - 1] ?? 0, end)))).toEqual(events);
    }),
    SEEDED,
  );
});
