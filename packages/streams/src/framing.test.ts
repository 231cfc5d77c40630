import { singleRun, type Run } from "@skein/store";
import { expect, test } from "vitest";
import { frameBody, framePieces } from "./framing.ts";

/** As a store gives it: with a comma behind the messages, which is not theirs. */
function runOf(start: number, messages: readonly string[]): Run {
  const bytes = Buffer.from(messages.map((message) => `${message},`).join(""));
  const lengths = Buffer.alloc(messages.length * 4);
  for (const [index, message] of messages.entries()) lengths.writeUInt32LE(Buffer.byteLength(message), index * 4);
  return { start, count: messages.length, lengths, body: bytes.subarray(0, -1), comma: true };
}

const long = (letter: string) => `"${letter.repeat(30_000)}"`;
const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString();

test("[SH8] the parts of a long answer make one array, whether they go in pieces or in one", () => {
  const few = [runOf(0, [long("a"), "2"]), singleRun(2, Buffer.from(long("b"))), runOf(3, [long("c"), long("d")])];
  const many = [runOf(5, ["1", "2"]), singleRun(7, Buffer.from("3"))];
  const end = [singleRun(8, Buffer.from(long("e")))];
  const expected = [long("a"), "2", long("b"), long("c"), long("d"), "1", "2", "3", long("e")];
  const parts = [
    framePieces("json", few, { opens: true, closes: false }),
    framePieces("json", many, { opens: false, closes: false }),
    framePieces("json", end, { opens: false, closes: true }),
  ];
  expect(parts.map(({ length }) => length)).toEqual([5, 1, 2]);
  expect(text(parts.flat())).toBe(`[${expected.join(",")}]`);
  for (const runs of [few, many, end, []])
    for (const opens of [true, false])
      for (const closes of [true, false])
        expect(text(framePieces("json", runs, { opens, closes }))).toBe(
          text([frameBody("json", runs, { opens, closes })]),
        );
  expect(text([frameBody("json", [])])).toBe("[]");
  expect(text([frameBody("json", [...many, ...end])])).toBe(`[1,2,3,${long("e")}]`);
  expect(text(framePieces("text", few, { opens: true, closes: true }))).toBe(expected.slice(0, 5).join(""));
});
