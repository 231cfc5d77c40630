import { expect, test } from "vitest";
import { parseSpawnTarget, parseTarget } from "./target.ts";

test("an entity can be named in three ways", () => {
  expect(["/note/a", "note/a", "7f3c"].map(parseTarget)).toEqual(["/note/a", "/note/a", "/coder/7f3c"]);
});

test.each(["Note/a", "note/a/b", "note/", "a b", "../x", "/"])("[CL22] “%s” is no entity", (text) => {
  expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: "usage", exitCode: 2 }));
});

test("a spawn without an id gets a new one", () => {
  expect(parseSpawnTarget("coder", () => "new")).toEqual({ type: "coder", id: "new" });
  expect(parseSpawnTarget("/note/a", () => "new")).toEqual({ type: "note", id: "a" });
});

test.each(["note/a b", "note/..", `note/${"x".repeat(129)}`, "NOTE", "note/"])(
  "[CL22] “%s” cannot be spawned",
  (text) => {
    expect(() => parseSpawnTarget(text, () => "new")).toThrow(expect.objectContaining({ code: "usage" }));
  },
);
