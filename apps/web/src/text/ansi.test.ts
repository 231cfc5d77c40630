import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseAnsi } from "./ansi.ts";

const plain = (text: string): string =>
  parseAnsi(text)
    .map((span) => span.text)
    .join("");

test("[WB23] colours and weights of terminal output become style names", () => {
  expect(parseAnsi("a\u001b[31mred\u001b[1;42m b\u001b[0m c")).toEqual([
    { text: "a", style: "" },
    { text: "red", style: "fg1" },
    { text: " b", style: "fg1 bg2 bold" },
    { text: " c", style: "" },
  ]);
  expect(
    parseAnsi("\u001b[94mx\u001b[38;5;196my\u001b[48;2;0;200;0mz\u001b[39;49;22mw").map(({ style }) => style),
  ).toEqual(["fg12", "fg9", "fg9 bg10", ""]);
});

test("[WB23] everything else that an escape sequence asks for is left out, the text around it stays", () => {
  expect(
    plain(
      "a\u001b[2J\u001b[10;10Hb\u001b]0;title\u0007c\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\d\u001b(Be\u001b7f\u001bPq#\u001b\\g",
    ),
  ).toBe("abclinkdefg");
  expect(plain("unfinished \u001b[31")).not.toContain("\u001b");
  expect(plain("unfinished \u001b]8;;http")).toBe("unfinished ");
});

test("[WB23] a progress bar shows its last state", () => {
  expect(plain("10%\r50%\r100%\ndone\r\n")).toBe("100%\ndone\n");
  expect(plain("abc\b\bX b\bbold")).toBe("aX bold");
});

test("[WB23] no escape survives, and style names are of the style sheet, whatever comes", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom("\u001b[", "\u001b]", "31", ";", "m", "38;5;", "\u0007", "\u001b\\", "\r", "\u009b1m"),
    ),
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      for (const { style } of parseAnsi(parts.join(""))) {
        expect(style).toMatch(/^(?:(?:[fb]g(?:1[0-5]|\d)|bold|dim|italic|underline|inverse)(?: |$))*$/);
      }
      expect(plain(parts.join(""))).not.toContain("\u001b");
    }),
    { seed: 5, numRuns: 200 },
  );
});
