import * as fc from "fast-check";
import { expect, test } from "vitest";
import { collect } from "../testing/fixtures.ts";
import { parseLine, readLines } from "./lines.ts";

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  // One buffer for all, as a reader of files has it: a line must not change under its reader's hands.
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.fill(0);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
}

const textsOf = async (text: string, size: number) =>
  (await collect(readLines(chunked(new TextEncoder().encode(text), size)))).map((line) =>
    line.kind === "line" ? line.text : line.kind,
  );

test("[TR25] lines are the same however the bytes come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" })), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
      const clean = lines.map((line) => line.replace(/[\r\n\uFEFF]/g, ""));
      expect(await textsOf(clean.map((line) => `${line}\n`).join(""), size)).toEqual(clean);
    }),
    { seed: 7 },
  );
});

test("[TR25] takes CRLF, a byte order mark and a last line without an end", async () => {
  expect(await textsOf('\uFEFF{"a":1}\r\n\r\n{"b":2}', 5)).toEqual(['{"a":1}', "", '{"b":2}']);
  const lines = await collect(readLines(chunked(new TextEncoder().encode("x\ny"), 1)));
  expect(lines).toEqual([
    { kind: "line", number: 1, text: "x", ended: true },
    { kind: "line", number: 2, text: "y", ended: false },
  ]);
});

test("[TR25] a line that is no record says what it is", () => {
  const reason = (text: string, ended = true) => parseLine({ kind: "line", number: 1, text, ended });
  expect(reason("  ")).toEqual({ kind: "none", reason: "blank" });
  expect(reason("# a comment")).toEqual({ kind: "none", reason: "comment" });
  expect(reason("// a comment")).toEqual({ kind: "none", reason: "comment" });
  expect(reason('{"a":')).toEqual({ kind: "none", reason: "not-json" });
  expect(reason('{"a":', false)).toEqual({ kind: "none", reason: "torn" });
  expect(reason(" [1] ", false)).toEqual({ kind: "json", value: [1] });
  expect(parseLine({ kind: "too-long", number: 1, bytes: 9 })).toEqual({ kind: "none", reason: "too-long" });
});

test("[TR26] a line beyond the limit is passed over, and those after it are read", async () => {
  const bytes = new TextEncoder().encode(`ok\n${"x".repeat(5000)}\nfine\n`);
  const lines = await collect(readLines(chunked(bytes, 16), { maxLineBytes: 100 }));
  expect(lines).toEqual([
    { kind: "line", number: 1, text: "ok", ended: true },
    { kind: "too-long", number: 2, bytes: 5000 },
    { kind: "line", number: 3, text: "fine", ended: true },
  ]);
});

test("[TR26] reads no further than it is asked to", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given++;
      yield new TextEncoder().encode("one\ntwo\n");
    }
  }
  const lines = readLines(endless());
  for (const wanted of ["one", "two", "one"]) {
    expect((await lines.next()).value).toMatchObject({ text: wanted });
  }
  expect(given).toBe(2);
  await lines.return();
});
