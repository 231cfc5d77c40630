import { safeLine } from "./safe-text.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** It gives way when the line is too long for the terminal. */
  readonly flexible?: boolean;
  /** Longer cells are cut, whatever the width: for text that may be a whole prompt. */
  readonly longest?: number;
}

/** A title may be a whole prompt. */
export const LONGEST_TITLE = 60;

const GAP = "  ";
const NARROWEST = 12;

/**
 * Lines of a table, its cells made safe and cut to the terminal's width. The flexible columns share what the others
 * leave. `width` 0: it is unknown (a pipe), and nothing has to give way.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => row.map((cell, at) => cut(safeLine(cell), columns[at]?.longest ?? Infinity))),
  ];
  const widths = fit(
    columns,
    columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? "").length))),
    width,
  );
  return cells.map((row) =>
    row
      .map((cell, at) => pad(cut(cell, widths[at] ?? cell.length), widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const excess = natural.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1) - width;
  if (width === 0 || excess <= 0) return [...natural];
  const flexible = columns.map(({ flexible }, at) => (flexible ? Math.max(0, (natural[at] ?? 0) - NARROWEST) : 0));
  const available = flexible.reduce((sum, w) => sum + w, 0);
  if (available === 0) return [...natural];
  const share = Math.min(1, excess / available);
  return natural.map((w, at) => w - Math.ceil((flexible[at] ?? 0) * share));
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - text.length));
}
