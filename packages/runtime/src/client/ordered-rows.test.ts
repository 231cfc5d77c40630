import { expect, test } from "vitest";
import { OrderedRows } from "./ordered-rows.ts";

test("[RT50] deleting many rows keeps the order, the index and an iteration under way", () => {
  const rows = new OrderedRows<number>();
  for (let index = 0; index < 500; index += 1) rows.put(`k${index}`, index, index);
  for (let index = 1; index <= 100; index += 1) rows.putFirst(`old${index}`, -index, -index);
  const iteration = rows.entries();
  expect(iteration.next().value?.key).toBe("old100");
  for (let index = 0; index < 500; index += 1) if (index % 5 !== 0) rows.delete(`k${index}`);
  expect(rows.size).toBe(200);
  expect([...iteration].map(({ key }) => key).slice(97, 103)).toEqual(["old2", "old1", "k0", "k5", "k10", "k15"]);
  expect(rows.at(100)?.key).toBe("k0");
  expect(rows.at(-1)?.key).toBe("k495");
  expect(rows.at(200)).toBeUndefined();
});
