import { summariseSide, type SessionComparison } from "@skein/sessions";
import { safeLine, safeText } from "./safe-text.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

/** A comparison for people: the common beginning, each side in words, the files of both in a table. */
export function renderComparison(
  { common, a, b, files }: SessionComparison,
  names: { readonly a: string; readonly b: string },
  { width, style }: { readonly width: number; readonly style: Style },
): string[] {
  const turns = `${String(common.turns)} ${common.turns === 1 ? "turn" : "turns"}`;
  const head = common.rows === 0 ? "They have nothing in common." : `In common: ${turns}, ${String(common.rows)} rows.`;
  const sides = [summariseSide(names.a, a), summariseSide(names.b, b)].map((text) => safeText(text).split("\n"));
  const lines = [head, ...sides.flatMap(([first = "", ...rest]) => ["", style.bold(first), ...rest])];
  if (files.length === 0) return lines;
  const [title = "", ...rows] = renderTable(
    [{ title: "FILE", flexible: true }, { title: safeLine(names.a) }, { title: safeLine(names.b) }],
    files.map((file) => [file.path, file.a ?? "", file.b ?? ""]),
    width,
  );
  return [...lines, "", style.dim(title), ...rows];
}
