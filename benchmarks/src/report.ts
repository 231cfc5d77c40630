import type { Line } from "./benchmark.ts";

/** The lines as a table for people. */
export function table(lines: readonly Line[]): string {
  const rows = [
    ["", "ours", "peer", "times better", "floor", "of floor", "unit", ""],
    ...lines.map(({ name, ours, peer, ratio, floor, ofFloor, unit, note }) => [
      name,
      ...[ours, peer, ratio, floor, ofFloor].map((figure) => (figure === undefined ? "" : String(figure))),
      unit,
      note ?? "",
    ]),
  ];
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  const isNumber = (column: number) => column >= 1 && column <= 5;
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
