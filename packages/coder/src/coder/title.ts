const MAX_TITLE = 80;

/** The first line that says something, cut at a word; `undefined` when there is none. */
export function titleOf(text: string): string | undefined {
  const line = text
    .split("\n")
    .map((one) => one.trim())
    .find((one) => one !== "");
  if (line === undefined) return undefined;
  const characters = Array.from(line);
  if (characters.length <= MAX_TITLE) return line;
  const head = characters.slice(0, MAX_TITLE - 1).join("");
  const space = characters[MAX_TITLE - 1] === " " ? head.length : head.lastIndexOf(" ");
  // A line without spaces (a path, another script) is cut where it must be.
  return `${(space > MAX_TITLE / 2 ? head.slice(0, space) : head).trimEnd()}…`;
}
