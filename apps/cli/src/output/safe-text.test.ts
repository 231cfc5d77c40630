import { expect, test } from "vitest";
import { jsonLine, safeLine, safeText } from "./safe-text.ts";

const HOSTILE = [
  ["colours and cursor movements", "a\u001b[31mred\u001b[0m\u001b[2Jb", "aredb"],
  ["a title of the window", "a\u001b]0;evil\u0007b\u001b]8;;http://x\u001b\\c", "abc"],
  ["a device control string", "a\u001bP$qm\u001b\\b", "ab"],
  ["eight-bit introducers", "a\u009b31mb\u0090x\u009c", "a31mbx"],
  ["a bell, a backspace, a carriage return", "a\u0007b\u0008c\rd", "abcd"],
  ["text that turns the direction of reading", "a\u202eb\u2066c", "abc"],
  ["an escape that was cut off", "a\u001b", "a"],
] as const;

test.each(HOSTILE)("[CL21] %s do not reach the terminal", (_, hostile, safe) => {
  expect(safeText(hostile)).toBe(safe);
});

test("[CL21] newlines, tabs and all letters stay as they are", () => {
  expect(safeText("ä\tß\r\n漢字 🙂")).toBe("ä\tß\n漢字 🙂");
  expect(safeLine("  one\n\ttwo  ")).toBe("one two");
});

test("[CL21] JSON for programs is exact and still harmless in a terminal", () => {
  const value = { text: "a\u001b[31m\u009bx\u202e" };
  const line = jsonLine(value);
  expect(JSON.parse(line)).toEqual(value);
  // oxlint-disable-next-line no-control-regex -- it is what must not be there
  expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(line.split("\n")).toHaveLength(2);
});
