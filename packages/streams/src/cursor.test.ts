import { expect, test } from "vitest";
import { nextCursor } from "./cursor.ts";

const EPOCH = Date.UTC(2024, 9, 9);

test("[SH19] a cursor counts 20-second intervals and never repeats the one that came", () => {
  const now = EPOCH + 1000 * 20_000 + 7;
  expect(nextCursor(null, now, () => 0)).toBe("1000");
  expect(nextCursor("999", now, () => 0)).toBe("1000");
  expect(nextCursor("1000", now, () => 0)).toBe("1001");
  expect(nextCursor("1000", now, () => 0.999_999)).toBe("1180");
  expect(nextCursor("5000", now, () => 0)).toBe("5001");
  expect(nextCursor("nonsense", now, () => 0)).toBe("1000");
  expect(nextCursor(null, 0, () => 0)).toBe("0");
});
