import { expect, test } from "vitest";
import { renderTable } from "./table.ts";

const COLUMNS = [{ title: "ID" }, { title: "TITLE", flexible: true }, { title: "WHERE", flexible: true }];

test("[CL20] columns are as wide as they must be, and lines have no blanks at their end", () => {
  expect(
    renderTable(
      COLUMNS,
      [
        ["a", "one", ""],
        ["bbb", "two", "here"],
      ],
      0,
    ),
  ).toEqual(["ID   TITLE  WHERE", "a    one", "bbb  two    here"]);
});

test("[CL20] what may give way is cut to the terminal's width, ids never", () => {
  const lines = renderTable(COLUMNS, [["12345678", "t".repeat(60), "w".repeat(40)]], 60);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines[1]).toMatch(/^12345678 {2}t+… {2}w+…$/);
});

test("[CL20] a column that may hold a whole prompt is cut in a pipe too", () => {
  const lines = renderTable(
    [{ title: "TITLE", flexible: true, longest: 10 }, { title: "ID" }],
    [["t".repeat(300), "1"]],
    0,
  );
  expect(lines).toEqual(["TITLE       ID", `${"t".repeat(9)}…  1`]);
});

test("[CL20] a terminal too narrow for anything still gets whole ids", () => {
  expect(renderTable(COLUMNS, [["12345678", "t".repeat(60), "w".repeat(40)]], 10)[1]).toContain("12345678");
});

test("[CL21] cells are one line and harmless", () => {
  expect(renderTable([{ title: "A" }], [["x\u001b[31m\ny"]], 0)[1]).toBe("x y");
});
