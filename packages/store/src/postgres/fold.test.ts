import { expect, test } from "vitest";
import { packChunks, unpackChunk } from "../core/chunks.ts";
import { decode, encode } from "../testing/fixture.ts";
import { type LooseChunk, planFold } from "./fold.ts";

function chunks(...texts: string[]): LooseChunk[] {
  return texts.flatMap((text, at) => packChunks(100 + at, [encode(text)]));
}

test("[ST117] small chunks are packed in order; large and damaged ones stay as they are", () => {
  const list = chunks("a", "b", "LARGE", "c", "d", "BROKEN", "e").map((chunk, at) =>
    at === 2 ? { ...chunk, body: null } : at === 5 ? { ...chunk, crc: 0 } : chunk,
  );
  const { removed, added, folded } = planFold(list, 100);
  expect(removed).toEqual([100, 101, 103, 104]);
  expect(added.map(({ start, count }) => [start, count])).toEqual([
    [100, 2],
    [103, 2],
  ]);
  expect(added.flatMap((chunk) => unpackChunk(chunk) ?? []).map(decode)).toEqual(["a", "b", "c", "d"]);
  expect(folded).toBe(107);
  expect(planFold([], 7)).toEqual({ removed: [], added: [], folded: 7 });
});
