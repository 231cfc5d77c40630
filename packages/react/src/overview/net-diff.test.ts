import * as fc from "fast-check";
import { expect, test } from "vitest";
import { netDiff } from "./net-diff.ts";
import type { NetLine } from "./net-lines.ts";

const flat = (lines: readonly NetLine[] | undefined): string[] =>
  (lines ?? []).map(({ kind, text, oldNumber, newNumber }) => {
    const sign = { same: " ", added: "+", removed: "-", gap: "…" }[kind];
    return kind === "gap" ? sign : `${oldNumber ?? "."}/${newNumber ?? "."} ${sign}${text}`;
  });

test("[WB39] several changes of a file are one: what came and went again is not in it", () => {
  const { parts, unknown } = netDiff([
    "@@ -10,3 +10,3 @@\n a\n-b\n+c\n d\n",
    "@@ -10,3 +10,4 @@\n a\n-c\n+C\n+C2\n d\n",
    "@@ -1 +0,0 @@\n-first\n",
  ]);
  expect(unknown).toBe(0);
  expect(parts.map(flat)).toEqual([["1/. -first", "…", "10/9  a", "11/. -b", "./10 +C", "./11 +C2", "12/12  d"]]);
  expect(netDiff(["@@ -2 +2 @@\n-x\n+y\n", "@@ -2 +2 @@\n-y\n+x\n"]).parts).toEqual([]);
});

test("[WB39] a new file is its last state", () => {
  const created = "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+one\n+two\n";
  expect(netDiff([created, "@@ -1,2 +1,2 @@\n one\n-two\n+three\n"]).parts.map(flat)).toEqual([
    ["./1 +one", "./2 +three"],
  ]);
});

test("[WB39] a change by others in between begins a part of its own; what cannot be known is counted", () => {
  const { parts, unknown } = netDiff([
    "@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
    "@@ -1,2 +1,2 @@\n somebody else's\n-line\n+words\n",
    undefined,
    "no diff at all",
    "@@ -1,9 +1,9 @@\n cut in the middle\n",
  ]);
  expect(parts).toHaveLength(2);
  expect(flat(parts[1])).toEqual(["1/1  somebody else's", "2/. -line", "./2 +words"]);
  expect(unknown).toBe(3);
});

const lineText = fc.constantFrom("", "a", "b", "c", "}", "  x", "-y", "+z");
const edit = fc.record({ at: fc.nat(40), gone: fc.nat(5), come: fc.array(lineText, { maxLength: 5 }) });

test("[WB39] the net change leads from the first state to the last, whatever happened in between", () => {
  fc.assert(
    fc.property(
      fc.array(lineText, { maxLength: 40 }),
      fc.array(edit, { minLength: 1, maxLength: 8 }),
      (base, edits) => {
        let text: readonly string[] = base;
        const diffs = edits.map((one) => {
          const { diff, after } = applied(text, one);
          text = after;
          return diff;
        });
        const { parts, unknown } = netDiff(diffs.filter((diff) => diff !== ""));
        expect(unknown).toBe(0);
        expect(parts.length).toBeLessThanOrEqual(1);
        expect(rebuilt(base, parts[0] ?? [])).toEqual(text);
        for (const { kind, text: line, oldNumber = 0, newNumber = 0 } of parts[0] ?? []) {
          if (kind === "same" || kind === "removed") expect(base[oldNumber - 1]).toBe(line);
          if (kind === "same" || kind === "added") expect(text[newNumber - 1]).toBe(line);
        }
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});

/** An edit of a text, and its diff with up to two lines around it. */
function applied(text: readonly string[], one: { at: number; gone: number; come: readonly string[] }) {
  const at = Math.min(one.at, text.length);
  const gone = text.slice(at, at + one.gone);
  const after = [...text.slice(0, at), ...one.come, ...text.slice(at + gone.length)];
  if (gone.length + one.come.length === 0) return { diff: "", after };
  const head = text.slice(Math.max(0, at - 2), at);
  const tail = text.slice(at + gone.length, at + gone.length + 2);
  const oldLines = head.length + gone.length + tail.length;
  const newLines = head.length + one.come.length + tail.length;
  const first = at - head.length;
  const start = (lines: number): number => (lines === 0 ? first : first + 1);
  const lines = [
    ...head.map((line) => ` ${line}`),
    ...gone.map((line) => `-${line}`),
    ...one.come.map((line) => `+${line}`),
    ...tail.map((line) => ` ${line}`),
  ];
  return {
    diff: `@@ -${start(oldLines)},${oldLines} +${start(newLines)},${newLines} @@\n${lines.join("\n")}\n`,
    after,
  };
}

function rebuilt(base: readonly string[], lines: readonly NetLine[]): string[] {
  const gone = new Set(lines.flatMap((line) => (line.kind === "removed" ? [line.oldNumber ?? 0] : [])));
  const text = base.filter((_, index) => !gone.has(index + 1));
  for (const { kind, newNumber = 0, text: line } of lines) if (kind === "added") text.splice(newNumber - 1, 0, line);
  return text;
}
