import { SkeinError } from "@skein/protocol";
import { expect, test } from "vitest";
import { createSchemaChecker } from "./schema.ts";

const text = {
  type: "object",
  properties: { text: { type: "string" } },
  required: ["text"],
  additionalProperties: false,
};

test("what is wrong is said in words that name the place", () => {
  const { check } = createSchemaChecker();
  expect(check(text, { text: "hi" })).toBeUndefined();
  expect(check(text, {})).toBe("the value must have required property 'text'");
  expect(check(text, { text: 1 })).toBe("text must be string");
  expect(check(text, { text: "hi", more: 1 })).toContain("(more)");
  expect(check({ enum: ["a", "b"] }, "c")).toContain("(a, b)");
});

test("schemas of different types may carry the same $id, and a schema that failed may be tried again", () => {
  const checker = createSchemaChecker();
  const id = { $id: "https://example.com/message", $schema: "https://json-schema.org/draft/2020-12/schema" };
  expect(checker.check({ ...id, type: "string" }, 1)).toBeDefined();
  expect(checker.check({ ...id, type: "number" }, 1)).toBeUndefined();
  const broken = { ...id, type: "no such type" };
  for (let round = 0; round < 2; round += 1) expect(() => checker.compile(broken)).toThrow(SkeinError);
  expect(() => checker.compile({ $ref: "https://example.com/message" })).toThrow(/usable/);
});

test("the oldest of very many schemas is forgotten and works again", () => {
  const checker = createSchemaChecker();
  for (let n = 0; n < 520; n += 1) checker.compile({ const: n });
  expect(checker.check({ const: 0 }, 0)).toBeUndefined();
  expect(checker.check({ const: 0 }, 1)).toBeDefined();
});
