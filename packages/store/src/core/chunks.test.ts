import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_CHUNK_BYTES, packChunks, unpackChunk } from "./chunks.ts";

test("[ST12] what is packed into chunks comes out in order and to the byte, and no chunk of several is too large", () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 * MAX_CHUNK_BYTES }));
  const message = size.map((length) => new Uint8Array(length).map((_, index) => (index * 13 + length) % 256));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.nat(1000), (messages, start) => {
      const chunks = packChunks(start, messages);
      let at = start;
      for (const chunk of chunks) {
        expect(chunk.start).toBe(at);
        at += chunk.count;
        if (chunk.count > 1) expect(chunk.body.byteLength).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
      }
      const bodies = chunks.flatMap((chunk) => unpackChunk(chunk) ?? []);
      expect(bodies.map((body) => Buffer.from(body).toString("hex"))).toEqual(
        messages.map((body) => Buffer.from(body).toString("hex")),
      );
    }),
    { numRuns: 50, seed: 4267 },
  );
});

test("[ST136] one changed bit is noticed", () => {
  const [chunk] = packChunks(0, [new Uint8Array([1, 2, 3]), new Uint8Array([4])]);
  if (!chunk) throw new Error("Nothing was packed");
  for (let index = 0; index < chunk.body.byteLength; index++) {
    const body = Uint8Array.from(chunk.body);
    body[index] = (body[index] ?? 0) ^ 1;
    expect(unpackChunk({ ...chunk, body })).toBeUndefined();
  }
});
