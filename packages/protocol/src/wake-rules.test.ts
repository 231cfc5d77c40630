import { expect, test } from "vitest";
import type { ChangeEvent } from "./change-event.ts";
import { isMember, isTold, memberOperation, mergeChanges, sourceText } from "./wake-rules.ts";
import { wakeCondition } from "./wakes.ts";

const event = (type: string, operation: ChangeEvent["headers"]["operation"], principal?: string): ChangeEvent => ({
  type,
  key: "k",
  headers: { operation, ...(principal !== undefined && { principal }) },
});
const told = (wake: object, of: ChangeEvent, source: "entity" | "db" = "entity"): boolean => {
  const condition = wakeCondition.parse({ on: "change", ...wake });
  if (condition.on !== "change") throw new Error("It is a condition of changes.");
  return isTold(of, { condition, source, own: "agent:/me/a" });
};

test("[WK25][WK26] who is told of what", () => {
  expect(told({}, event("state:x", "insert"))).toBe(true);
  expect(told({}, event("inbox", "insert"))).toBe(false);
  expect(told({}, event("inbox", "insert"), "db")).toBe(true);
  expect(told({ collections: ["inbox"] }, event("inbox", "insert"))).toBe(true);
  expect(told({ collections: ["inbox"] }, event("state:x", "insert"))).toBe(false);
  expect(told({}, event("state:x", "insert", "agent:/me/a"))).toBe(false);
  expect(told({ includeOwn: true }, event("state:x", "insert", "agent:/me/a"))).toBe(true);
  for (const wanted of ["insert", "update"]) expect(told({ operations: [wanted] }, event("x", "upsert"))).toBe(true);
  expect(told({ operations: ["delete"] }, event("x", "upsert"))).toBe(false);
  expect(told({ operations: ["update"] }, event("x", "insert"))).toBe(false);
});

test("[WK27] changes of one row come to one, for somebody who knows what was before them", () => {
  const merged = (...operations: ChangeEvent["headers"]["operation"][]): string | undefined =>
    mergeChanges(operations.map((operation, position) => ({ position, event: event("x", operation) }))).changes[0]
      ?.operation;
  expect(merged("insert", "update")).toBe("insert");
  expect(merged("insert", "delete")).toBe("delete");
  expect(merged("update", "delete", "insert")).toBe("update");
  expect(merged("upsert", "update")).toBe("upsert");
  expect(mergeChanges([])).toEqual({ changes: [], more: 0 });
});

test("[WK34] who belongs to a set, and what a change is for it", () => {
  const set = { kind: "entities", type: "worker", tags: { team: "red" } } as const;
  const red = { type: "worker", tags: { team: "red" }, status: "idle" };
  const blue = { ...red, tags: { team: "blue" } };
  expect(
    [red, blue, { ...red, type: "x" }, { ...red, status: "killed" }, undefined].map((one) => isMember(set, one)),
  ).toEqual([true, false, false, false, false]);
  expect(memberOperation(set, undefined, red)).toBe("insert");
  expect(memberOperation(set, red, { ...red, status: "running" })).toBe("update");
  expect(memberOperation(set, red, blue)).toBe("delete");
  expect(memberOperation(set, blue, blue)).toBeUndefined();
  expect(sourceText({ ...set, tags: { team: "red", a: "1" } })).toBe("entities?type=worker&tag=a=1&tag=team=red");
});
