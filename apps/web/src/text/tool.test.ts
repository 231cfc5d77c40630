import type { ToolItem } from "@skein/react";
import { expect, test } from "vitest";
import { countChanges, diffTexts, parseUnifiedDiff } from "./line-diff.ts";
import { askedDiff, recordedDiffs } from "./tool-diff.ts";
import { toolSummary, toolTitle } from "./tool-summary.ts";

function tool(name: string, input: Record<string, unknown>, more: Partial<ToolItem> = {}): ToolItem {
  return {
    kind: "tool",
    key: "k",
    row: "r",
    position: 0,
    ts: 0,
    callId: "c",
    tool: name,
    originalTool: name,
    input,
    result: { v: 1, type: "tool_result", callId: "c", output: "one\ntwo\n", isError: false },
    resultPosition: undefined,
    state: "done",
    liveInput: undefined,
    liveOutput: undefined,
    changes: undefined,
    children: [],
    ...more,
  };
}

const line = (item: ToolItem): string => {
  const { verb, subject, note } = toolSummary(item, "/w");
  return [verb, subject, note].filter(Boolean).join(" | ");
};

test("[WB25] a call is one line: what was done, to what, and how it came out", () => {
  const failed = { v: 1, type: "tool_result", callId: "c", output: "", isError: true, exitCode: 2 } as const;
  expect(line(tool("terminal", { command: "npm  test\n--run" }))).toBe("Ran | npm test --run");
  expect(line(tool("terminal", { command: ["ls", "-l"] }, { result: failed, state: "failed" }))).toBe(
    "Ran | ls -l | exit 2",
  );
  expect(line(tool("terminal", { command: "x" }, { result: undefined, state: "running" }))).toBe("Run | x");
  expect(line(tool("file_read", { file_path: "/w/src/a.ts", offset: 5, limit: 10 }))).toBe(
    "Read | src/a.ts | lines 5–14",
  );
  expect(line(tool("file_edit", { file_path: "/w/a.ts" }))).toBe("Edited | a.ts");
  expect(line(tool("content_search", { pattern: "TODO" }))).toBe("Searched | TODO | 2 lines");
  expect(line(tool("file_search", { pattern: "*.x" }, { result: { ...failed, output: "No files found" } }))).toBe(
    "Found files | *.x | nothing found",
  );
  expect(line(tool("sub_agent", { description: "Look around" }))).toBe("Sub-agent | Look around");
  expect(line(tool("mcp__git_hub__make_issue", { title: "Bug" }))).toBe("git_hub: make issue | Bug");
  expect(line(tool("Strange", {}))).toBe("Strange");
  expect(toolTitle({ tool: "x", originalTool: "a\u202eb" })).toBe("a⟨U+202E⟩b");
});

test("[WB25] a diff shows what changed with three lines around it, numbered in both files", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const after = before.with(9, "changed");
  const lines = diffTexts(before.join("\n"), after.join("\n"));
  expect(lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    "gap ",
    "same line 7",
    "same line 8",
    "same line 9",
    "removed line 10",
    "added changed",
    "same line 11",
    "same line 12",
    "same line 13",
  ]);
  expect(lines[4]).toMatchObject({ oldNumber: 10 });
  expect(lines[5]).toMatchObject({ newNumber: 10 });
  expect(countChanges(lines)).toEqual({ added: 1, removed: 1 });
  expect(countChanges(diffTexts("", "a\nb"))).toEqual({ added: 2, removed: 0 });
  expect(diffTexts("same", "same")).toEqual([]);
});

test("[WB25] texts too large to compare are shown as replaced, in no time", () => {
  const many = (word: string): string => Array.from({ length: 3000 }, (_, index) => `${word} ${index}`).join("\n");
  expect(countChanges(diffTexts(many("a"), many("b")))).toEqual({ added: 3000, removed: 3000 });
});

test("[WB25] a recorded diff is shown as it was recorded, an asked one from the call's input", () => {
  const diff = "--- a/x\n+++ b/x\n@@ -5,2 +5,2 @@\n same\n-old\n+new\n@@ -40 +40 @@\n-a\n+b\n";
  expect(parseUnifiedDiff(diff)).toEqual([
    { kind: "same", text: "same", oldNumber: 5, newNumber: 5 },
    { kind: "removed", text: "old", oldNumber: 6 },
    { kind: "added", text: "new", newNumber: 6 },
    { kind: "gap", text: "" },
    { kind: "removed", text: "a", oldNumber: 40 },
    { kind: "added", text: "b", newNumber: 40 },
  ]);
  expect(recordedDiffs([{ path: "a", movedTo: "b", kind: "rename" }])).toEqual([{ path: "a → b", lines: [] }]);
  expect(askedDiff({ old_string: "a", new_string: "b" })).toMatchObject([{ kind: "removed" }, { kind: "added" }]);
  expect(
    askedDiff({
      edits: [
        { old_string: "a", new_string: "b" },
        { old_string: "c", new_string: "" },
      ],
    }),
  ).toHaveLength(4);
  expect(askedDiff({ content: "one\ntwo\n" })).toMatchObject([{ newNumber: 1 }, { newNumber: 2 }]);
  expect(askedDiff({ anything: 1 })).toBeUndefined();
});
