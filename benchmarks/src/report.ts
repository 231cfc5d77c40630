import type { Line } from "./benchmark.ts";

/** The lines as a table for people. */
export function table(lines: readonly Line[]): string {
  const rows = [
    ["", "ours", "peer", "times better", "unit", ""],
    ...lines.map(({ name, ours, peer, ratio, unit, note }) => [
      name,
      String(ours),
      peer === undefined ? "" : String(peer),
      ratio === undefined ? "" : String(ratio),
      unit,
      note ?? "",
    ]),
  ];
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  const isNumber = (column: number) => column >= 1 && column <= 3;
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
