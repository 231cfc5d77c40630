/** Lines around a change that a diff shows. */
const CONTEXT = 3;

/**
 * A unified diff of two texts with one hunk: from the first line that differs to the last. It may show lines as changed
 * that an alignment would have kept between two changes; it is right, and costs one pass.
 */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return "";
  const old = linesOf(before);
  const now = linesOf(after);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const from = Math.max(0, head - CONTEXT);
  const behind = Math.min(tail, CONTEXT);
  const count = (lines: readonly string[]) => lines.length - tail + behind - from;
  const range = (lines: readonly string[]) => `${String(count(lines) === 0 ? from : from + 1)},${String(count(lines))}`;
  const body = [
    ...old.slice(from, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - tail + behind).map((line) => ` ${line}`),
  ];
  return `@@ -${range(old)} +${range(now)} @@\n${body.join("\n")}\n`;
}

/** A missing newline at the end is a difference of its own. */
const NO_NEWLINE = "\\ No newline at end of file";

function linesOf(text: string): string[] {
  if (text === "") return [];
  if (text.endsWith("\n")) return text.slice(0, -1).split("\n");
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  return [...lines, `${last}\n${NO_NEWLINE}`];
}
