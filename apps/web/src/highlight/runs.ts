/**
 * Highlighted text as it crosses from the worker to the page: pairs of a kind and a number of characters. The worker
 * only ever says how to colour the text that the page has; it cannot change a character of it.
 */
export const KINDS = [
  "plain",
  "keyword",
  "string",
  "comment",
  "constant",
  "function",
  "parameter",
  "punctuation",
  "link",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Run {
  readonly kind: Kind;
  readonly text: string;
}

export interface HighlightRequest {
  readonly id: number;
  readonly language: string;
  readonly text: string;
}

export interface HighlightAnswer {
  readonly id: number;
  /** Kind and length, over and over; nothing when the text stays plain. */
  readonly runs: Uint32Array | undefined;
}

/** Adds a run, or makes the last one longer. */
export function pushRun(runs: number[], kind: number, length: number): void {
  if (length === 0) return;
  const last = runs.length - 2;
  if (last >= 0 && runs[last] === kind) runs[last + 1] = (runs[last + 1] ?? 0) + length;
  else runs.push(kind, length);
}

/** The text cut into its runs. What they do not cover is plain; what goes beyond the text is left out. */
export function cutRuns(text: string, runs: Uint32Array): Run[] {
  const cut: Run[] = [];
  let at = 0;
  for (let index = 0; index + 1 < runs.length && at < text.length; index += 2) {
    const piece = text.slice(at, at + (runs[index + 1] ?? 0));
    if (piece !== "") cut.push({ kind: KINDS[runs[index] ?? 0] ?? "plain", text: piece });
    at += piece.length;
  }
  if (at < text.length) cut.push({ kind: "plain", text: text.slice(at) });
  return cut;
}

/** The same by line, without the line breaks: for what shows a number beside each. */
export function runLines(runs: readonly Run[]): readonly (readonly Run[])[] {
  const lines: Run[][] = [[]];
  for (const { kind, text } of runs) {
    for (const [index, part] of text.split("\n").entries()) {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1)?.push({ kind, text: part });
    }
  }
  return lines;
}
