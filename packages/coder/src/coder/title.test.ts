import { expect, test } from "vitest";
import { titleOf } from "./title.ts";

test.each([
  ["Fix the clock", "Fix the clock"],
  ["\n  \n  Fix the clock  \nand more", "Fix the clock"],
  ["", undefined],
  ["x".repeat(80), "x".repeat(80)],
  ["x".repeat(81), `${"x".repeat(79)}…`],
  [`${"word ".repeat(15)}and a long end`, `${"word ".repeat(15)}and…`],
  ["😀".repeat(100), `${"😀".repeat(79)}…`],
])("[CD5] the title of “%s”", (text, title) => {
  expect(titleOf(text)).toBe(title);
});
