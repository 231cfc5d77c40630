import { expect, test } from "vitest";
import { emphasise } from "./intraline.ts";
import { diffTexts } from "./line-diff.ts";
import { fileText, pathList, prettyJson, searchMatches } from "./tool-output.ts";

test("[WB25] a file that was read is its text, with the numbers that stood in front of it", () => {
  expect(fileText("    41→a\n    42→\tb: 43→c\n\nThe file is longer.\n")).toEqual({
    first: 41,
    text: "a\n\tb: 43→c",
    rest: "The file is longer.",
  });
  expect(fileText("7\tx\n8\ty")).toEqual({ first: 7, text: "x\ny", rest: "" });
  expect(fileText("no numbers\n12→x")).toEqual({ first: 1, text: "no numbers\n12→x", rest: "" });
});

test("[WB25] what a search found is told by file, and what is no search result is left as it is", () => {
  expect(searchMatches("src/a.ts:2:x: y\nsrc/a.ts-3-z\n--\nsrc/b.ts:9:")).toEqual([
    {
      path: "src/a.ts",
      lines: [
        { number: 2, text: "x: y", context: false },
        { number: 3, text: "z", context: true },
      ],
    },
    { path: "src/b.ts", lines: [{ number: 9, text: "", context: false }] },
  ]);
  expect(searchMatches("__proto__:1:x")?.[0]?.path).toBe("__proto__");
  expect(searchMatches("Some words.\nMore words.\nsrc/a.ts:1:x")).toBeUndefined();
  expect(pathList("Found 2 files\nsrc/a.ts\n/b")).toEqual(["src/a.ts", "/b"]);
  expect(pathList("No files found.")).toBeUndefined();
});

test("[WB25] JSON is set for reading, within a bound, and only when it is JSON", () => {
  expect(prettyJson(' {"a":[1]} ')).toBe('{\n  "a": [\n    1\n  ]\n}');
  for (const other of ["{", "[1", "12", "words", `[${"1,".repeat(200_000)}1]`])
    expect(prettyJson(other)).toBeUndefined();
});

test("[WB25] in a line that was replaced, the part that differs is marked; a line that is all new is not", () => {
  const lines = diffTexts("const a = 1;\nwhole other thing", "const a = 12;\nnothing in common here");
  const marks = emphasise(lines);
  const marked = [...marks].map(([index, { from, to }]) => lines[index]?.text.slice(from, to));
  expect(marked).toEqual(["1", "12"]);
  const words = diffTexts("/** In euros. */", "/** In cents. */");
  expect([...emphasise(words)].map(([index, { from, to }]) => words[index]?.text.slice(from, to))).toEqual([
    "euros",
    "cents",
  ]);
  expect(emphasise(diffTexts("a\nb", "a\nb\nc")).size).toBe(0);
});
