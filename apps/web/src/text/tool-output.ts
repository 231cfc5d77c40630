/**
 * What is in the outputs of tools that we know, read from their text. Pure and bounded; what does not look as expected
 * is shown as it is.
 */
export interface FileText {
  readonly first: number;
  readonly text: string;
  /** What the tool says beside the file's lines. */
  readonly rest: string;
}

/** Numbers that stand in front of a file's lines: `   12→text`, or with a tab. */
const NUMBERED = /^ {0,9}(\d{1,7})(?:→|\t)(.*)$/;

/** A file as a tool read it, without the numbers in front of its lines. */
export function fileText(output: string): FileText {
  const lines = output.replace(/\n$/, "").split("\n");
  const first = Number(NUMBERED.exec(lines[0] ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(first)) return { first: 1, text: lines.join("\n"), rest: "" };
  const kept: string[] = [];
  for (const line of lines) {
    const [, number, text = ""] = NUMBERED.exec(line) ?? [];
    if (Number(number) !== first + kept.length) break;
    kept.push(text);
  }
  return { first, text: kept.join("\n"), rest: lines.slice(kept.length).join("\n").trim() };
}

export interface FileMatches {
  readonly path: string;
  /** Empty when only the file's name was asked for. */
  readonly lines: readonly { readonly number: number; readonly text: string; readonly context: boolean }[];
}

const MATCH = /^((?:[A-Za-z]:)?[^:\n]{1,400}?)([:-])(\d{1,7})\2(.*)$/;
const MOST_LINES = 2_000;

/** Lines of `grep -n` and its like, by file; `undefined` when they are something else. */
export function searchMatches(output: string): readonly FileMatches[] | undefined {
  const files = new Map<string, { number: number; text: string; context: boolean }[]>();
  let matches = 0;
  let others = 0;
  for (const line of output.split("\n", MOST_LINES)) {
    const [, path, sign, number, text = ""] = MATCH.exec(line) ?? [];
    if (path === undefined) {
      if (line.trim() !== "" && line !== "--") others += 1;
      continue;
    }
    matches += 1;
    const lines = files.get(path) ?? [];
    lines.push({ number: Number(number), text, context: sign === "-" });
    files.set(path, lines);
  }
  if (matches === 0 || others > matches / 4) return undefined;
  return [...files].map(([path, lines]) => ({ path, lines }));
}

/** Paths, one in a line, after a heading of the tool's own; `undefined` when there are other words among them. */
export function pathList(output: string): readonly string[] | undefined {
  const lines = output.split("\n", MOST_LINES).filter((line) => line.trim() !== "");
  const paths = /^Found \d+ /.test(lines[0] ?? "") ? lines.slice(1) : lines;
  const looksLikePath = (line: string): boolean =>
    line.length <= 500 && (line.includes("/") || !line.includes(" ")) && /[/.]/.test(line) && !/: |\. /.test(line);
  return paths.length > 0 && paths.every(looksLikePath) ? paths : undefined;
}

const MOST_JSON = 200_000;

/** JSON set for reading; `undefined` when it is none. */
export function prettyJson(output: string): string | undefined {
  const text = output.trim();
  if (!/^[[{]/.test(text) || text.length > MOST_JSON) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined; // It only begins like JSON.
  }
}
