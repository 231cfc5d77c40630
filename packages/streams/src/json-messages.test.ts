import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitJson } from "./json-messages.ts";

const split = (text: string) => {
  const result = splitJson(Buffer.from(text));
  if (result.kind === "invalid") throw new Error(result.message);
  return result.messages.map((message) => Buffer.from(message).toString());
};

test("[SH2] an array is flattened by one level, anything else is one message", () => {
  expect(split('{"a":1}')).toEqual(['{"a":1}']);
  expect(split(' [ {"a":1} ,\n[2,[3]], "x" ]\t')).toEqual(['{"a":1}', "[2,[3]]", '"x"']);
  expect(split("[[1,2],[3,4]]")).toEqual(["[1,2]", "[3,4]"]);
  expect(split("[[[1]]]")).toEqual(["[[1]]"]);
  expect(split("[]")).toEqual([]);
  expect(split("[ ]")).toEqual([]);
  expect(split(" null ")).toEqual(["null"]);
});

test("[SH2] separators inside of strings, and escaped quotes, are no separators", () => {
  const elements = ['"a,b"', '"]"', '"\\"],["', '"\\\\"', '{"k,\\"":"}],[{"}', '"\\\\\\""'];
  expect(split(`[${elements.join(",")}]`)).toEqual(elements);
});

test("[SH2] what a parser would lose is kept: 64-bit integers, 1e400, duplicate keys, spelling", () => {
  const elements = ["12345678901234567890", "1e400", '{"a":1,"a":2}', "1.0", "-0", '"\\u0041\\/"', '{ "b" : 1 }'];
  expect(split(`[${elements.join(" , ")}]`)).toEqual(elements);
});

test("[SH3] what is not JSON in UTF-8 is refused, with a byte order mark too", () => {
  const bad = ["", "{", "[1,]", "[1 2]", "{'a':1}", "NaN", "[1]x", "01", '"\n"', "\ufeff[1]"];
  for (const text of bad) expect(splitJson(Buffer.from(text)).kind, text).toBe("invalid");
  expect(splitJson(Buffer.from([0x22, 0xff, 0x22])).kind).toBe("invalid");
});

test("[SH2] property: elements are the texts that were joined, whatever the white space", () => {
  const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/);
  const element = fc.tuple(fc.json(), space, space);
  fc.assert(
    fc.property(fc.array(element, { maxLength: 20 }), (elements) => {
      const text = `[${elements.map(([json, before, after]) => before + json + after).join(",")}]`;
      expect(split(text)).toEqual(elements.map(([json]) => json.trim()));
    }),
  );
});

test("[SH2] a hundred thousand elements, and nesting as deep as a body can be, are split", () => {
  const many = `[${Array.from({ length: 100_000 }, (_, n) => `{"n":${n}}`).join(",")}]`;
  expect(split(many)).toHaveLength(100_000);
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(split(deep)[0]).toHaveLength(deep.length - 2);
});
