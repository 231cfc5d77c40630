/**
 * Text of a transcript as it may be shown: what turns the reading direction around or hides characters is written out,
 * so that a command or a path cannot look like another one. Tabs and line breaks stay.
 */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function visibleText(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** One line of at most `max` characters. */
export function oneLine(text: string, max = 200): string {
  const line = visibleText(
    text
      .slice(0, max * 4)
      .replace(/\s+/g, " ")
      .trim(),
  );
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

export interface Clipped {
  readonly text: string;
  /** Lines that are left out, at least. */
  readonly hidden: number;
}

/** The first lines of a text, and characters of each, so that no payload can flood the page. */
export function clip(text: string, maxLines: number, maxChars = 60_000): Clipped {
  const head = text.length > maxChars ? text.slice(0, maxChars) : text;
  const lines = head.split("\n");
  const cut = text.length > maxChars ? countLines(text) - lines.length + 1 : 0;
  if (lines.length <= maxLines) return { text: head, hidden: cut };
  return { text: lines.slice(0, maxLines).join("\n"), hidden: lines.length - maxLines + cut };
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** The words of a line of Markdown, for lists: without the signs of headings, quotes, emphasis and code. */
export function wordsOf(markdown: string): string {
  return markdown.replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+/, "").replace(/\*\*|__|`/g, "");
}
