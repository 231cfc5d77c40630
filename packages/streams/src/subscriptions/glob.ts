/**
 * Patterns of paths: `*` is one segment, `**` any number of them (none too), anything else is itself.
 */
export function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

export function matches(pattern: readonly string[], path: readonly string[]): boolean {
  // `reach[p]`: the segments so far can be read up to the p-th part of the pattern. No backtracking, so no blow-up.
  let reach = pattern.map((_, index) => pattern.slice(0, index).every((part) => part === "**"));
  let end = pattern.every((part) => part === "**");
  for (const segment of path) {
    const next = pattern.map(() => false);
    end = false;
    const arrive = (index: number): void => {
      for (let at = index; ; at += 1) {
        if (at === pattern.length) end = true;
        else next[at] = true;
        if (pattern[at] !== "**") return;
      }
    };
    for (const [index, part] of pattern.entries()) {
      if (reach[index] !== true) continue;
      if (part === "**") arrive(index);
      else if (part === "*" || part === segment) arrive(index + 1);
    }
    reach = next;
  }
  return end;
}

/** The text that every path of a pattern begins with, up to a slash. */
export function literalPrefix(pattern: string): string {
  const segments = segmentsOf(pattern);
  const wild = segments.findIndex((segment) => segment === "*" || segment === "**");
  const literal = wild < 0 ? segments : segments.slice(0, wild);
  return `/${literal.map((segment) => `${segment}/`).join("")}`;
}

/** Whether a text is a pattern that we take: wildcards stand alone in their segment. */
export function isPattern(text: string): boolean {
  const segments = segmentsOf(text);
  return (
    segments.length > 0 &&
    segments.length <= 32 &&
    segments.every((segment) => segment === "*" || segment === "**" || !segment.includes("*"))
  );
}
