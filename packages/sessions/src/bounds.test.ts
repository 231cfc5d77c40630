import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  boundAttachment,
  boundInput,
  boundText,
  boundValue,
  type Blob,
  INLINE_DATA_LIMIT,
  OUTPUT_LIMIT,
  preview,
} from "./bounds.ts";
import { sha256 } from "./sha256.ts";

test("[TR24] the hash that names a blob is SHA-256", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      (bytes) => sha256(bytes) === createHash("sha256").update(bytes).digest("hex"),
    ),
  );
  const large = randomBytes(70_000);
  expect(sha256(large)).toBe(createHash("sha256").update(large).digest("hex"));
});

test("[TR24] a text beyond its limit keeps its ends, says how much is missing, and names the whole", () => {
  const blobs: Blob[] = [];
  const whole = `${"a".repeat(OUTPUT_LIMIT)}é-end`;
  const { text, blob } = boundText(whole, OUTPUT_LIMIT, (item) => void blobs.push(item));
  expect(text.length).toBeLessThan(10_000);
  expect(text.startsWith("aaa") && text.endsWith("é-end")).toBe(true);
  expect(text).toContain(`${whole.length - 8192} characters left out`);
  expect(blob?.size).toBe(OUTPUT_LIMIT + 6);
  expect(blobs).toMatchObject([{ sha256: blob?.sha256, mime: "text/plain; charset=utf-8" }]);
  expect(new TextDecoder().decode(blobs[0]?.bytes)).toBe(whole);
  expect(boundText("short", OUTPUT_LIMIT, () => expect.unreachable())).toEqual({ text: "short" });
});

test("[TR24] a preview cuts no character in two", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 3000, maxLength: 6000 }), fc.nat(64), (text, shift) => {
      const whole = "x".repeat(shift) + text.repeat(3);
      expect(new TextDecoder().decode(new TextEncoder().encode(preview(whole, 64)))).toBe(preview(whole, 64));
    }),
    { numRuns: 50 },
  );
});

test("[TR24] images are in the row when they are small, else by their hash", () => {
  const small = { kind: "image", mime: "image/png", base64: "aGVsbG8=" } as const;
  expect(boundAttachment(small, () => expect.unreachable())).toEqual({
    kind: "image",
    mime: "image/png",
    size: 5,
    data: "aGVsbG8=",
  });
  const bytes = randomBytes(INLINE_DATA_LIMIT);
  const blobs: Blob[] = [];
  const large = boundAttachment(
    { kind: "image", mime: "image/png", base64: bytes.toString("base64") },
    (blob) => void blobs.push(blob),
  );
  const digest = createHash("sha256").update(bytes).digest("hex");
  expect(large).toEqual({
    kind: "image",
    mime: "image/png",
    size: bytes.length,
    blob: { sha256: digest, size: bytes.length, mime: "image/png" },
  });
  expect(Buffer.from(blobs[0]?.bytes ?? []).equals(bytes)).toBe(true);
});

test("[TR24] structured values are bounded in strings, lists and depth", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`);
  expect(JSON.stringify(boundValue(deep)).length).toBeLessThan(200);
  expect(JSON.stringify(boundValue({ s: "x".repeat(2_000_000) })).length).toBeLessThan(10_000);
  const many = Array.from({ length: 50_000 }, () => "y".repeat(100));
  expect(JSON.stringify(boundValue(many)).length).toBeLessThan(300_000);
  expect(boundValue({ a: [1, null, true, "b"] })).toEqual({ a: [1, null, true, "b"] });
  expect(boundInput([1])).toEqual({ value: [1] });
  expect(boundInput(undefined)).toEqual({ value: null });
  expect(boundInput({ a: 1 })).toEqual({ a: 1 });
});
