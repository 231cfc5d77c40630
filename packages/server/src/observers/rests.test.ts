import { expect, test } from "vitest";
import { createRests } from "./rests.ts";

test("[WK36] a source with many observers rests after they were told, one with few does not", () => {
  let now = 0;
  const rests = createRests(() => now);
  rests.told("/few/main", 99);
  rests.told("/many/main", 1000);
  rests.told("/more/main", 100_000);
  expect(["/few/main", "/many/main", "/more/main"].map((path) => rests.isResting(path))).toEqual([false, true, true]);
  expect(rests.left).toBe(1000);
  now = 1000;
  expect(rests.isResting("/many/main")).toBe(false);
  expect(rests.left).toBe(4000);
  rests.end();
  expect([rests.isResting("/more/main"), rests.left]).toEqual([false, undefined]);
});
