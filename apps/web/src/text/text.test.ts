import { expect, test } from "vitest";
import {
  ago,
  agentName,
  clockTime,
  cost,
  duration,
  elapsed,
  personName,
  relativePath,
  shortPath,
  tokens,
} from "./format.ts";
import { markdownBlocks } from "./markdown-blocks.ts";
import { safeUrl } from "./safe-url.ts";
import { clip, oneLine, visibleText, wordsOf } from "./visible-text.ts";

test("[WB23] characters that hide or turn text around are written out; others stay", () => {
  expect(visibleText("cp a\u202etxt.exe\u202c b")).toBe("cp a⟨U+202E⟩txt.exe⟨U+202C⟩ b");
  expect(visibleText("zero\u200bwidth \u0007 bell")).toBe("zero⟨U+200B⟩width ␇ bell");
  expect(visibleText("שלום العربية 👨‍👩‍👧 tab\tline\n")).toBe("שלום العربية 👨‍👩‍👧 tab\tline\n");
  expect(oneLine("  two\n\n words\u202e  ", 40)).toBe("two words⟨U+202E⟩");
  expect(["### What **happens**", "> quoted `code`", "- item", "a * b # c"].map(wordsOf)).toEqual([
    "What happens",
    "quoted code",
    "item",
    "a * b # c",
  ]);
  expect(oneLine("x".repeat(500), 10)).toBe(`${"x".repeat(9)}…`);
});

test("[WB23] no text is put on the page without a bound, and it is said how much is left out", () => {
  expect(clip("a\nb\nc\nd", 2)).toEqual({ text: "a\nb", hidden: 2 });
  expect(clip("a\nb", 2)).toEqual({ text: "a\nb", hidden: 0 });
  const long = clip(`${"x".repeat(50)}\n`.repeat(1000), 5, 100);
  expect(long.text.length).toBeLessThanOrEqual(100);
  expect(long.hidden).toBeGreaterThan(900);
});

test("[WB23] links lead to the web or to a mail program, or nowhere", () => {
  expect(safeUrl("https://example.com/a?b#c")).toBe("https://example.com/a?b#c");
  expect(safeUrl("mailto:kim@example.com")).toBe("mailto:kim@example.com");
  for (const url of [
    "javascript:alert(1)",
    " java\nscript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "/s/other",
    "//evil.test",
    "relative",
    "https://bank.test@evil.test/",
    "blob:https://a/b",
    "",
  ]) {
    expect(safeUrl(url), url).toBeUndefined();
  }
});

test("[WB25] text that is being written is cut where its blocks are independent, and nothing is lost", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["one\n\ntwo\n\nthree", 3],
    ["```js\na\n\nb\n```\n\nafter", 2],
    ["````\n```\n\n```\n````\n\nafter", 2],
    ["1. a\n\n2. b\n\n   still b\n\nafter", 2],
    ["- a\n\n- b\n\nafter", 2],
    ["> quote\n\nafter", 2],
    ["unfinished ```\n\nx", 2],
    ["~~~\nopen\n\nfence", 1],
    ["see [a][b]\n\n[b]: http://x\n\nmore", 1],
    ["", 0],
  ];
  for (const [markdown, blocks] of cases) {
    expect(markdownBlocks(markdown), markdown).toHaveLength(blocks);
    expect(markdownBlocks(markdown).join("")).toBe(markdown);
  }
});

test("[WB25] times, sizes and names are written for people", () => {
  expect([elapsed(5_000), elapsed(65_000), elapsed(3_700_000), elapsed(90_000_000)]).toEqual([
    "5s",
    "1m 05s",
    "1h 01m",
    "1d 1h",
  ]);
  expect([duration(420), duration(1_260), duration(61_000)]).toEqual(["420 ms", "1.3 s", "1m 01s"]);
  expect([tokens(950), tokens(12_340), tokens(123_400), tokens(2_500_000)]).toEqual(["950", "12.3k", "123k", "2.5M"]);
  expect([cost(0), cost(0.004), cost(1.239)]).toEqual(["$0", "<$0.01", "$1.24"]);
  const now = new Date(2026, 10, 22, 14, 5).getTime();
  expect([ago(now - 10_000, now), ago(now - 600_000, now), ago(now - 7_200_000, now)]).toEqual([
    "just now",
    "10 min ago",
    "2 h ago",
  ]);
  expect(clockTime(now, now)).toBe("14:05");
  expect(clockTime(new Date(2025, 0, 3, 9, 7).getTime(), now)).toBe("3 Jan 2025 09:07");
  expect([personName("user:kim"), agentName("claude"), agentName("other")]).toEqual(["kim", "Claude Code", "other"]);
  expect(shortPath("/home/kim/code/app")).toBe("~/code/app");
  expect(shortPath("/srv/a-long-folder/another-long-folder/project/src/index.ts", 30)).toBe("/…/project/src/index.ts");
  expect(relativePath("/work/app/src/a.ts", "/work/app")).toBe("src/a.ts");
});
