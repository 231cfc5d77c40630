/**
 * Which rules the specification states and which ones the tests claim to prove, read from the texts themselves.
 * A rule is a list item that begins with its bold id; a test claims it with `[ID]` at the head of its title.
 */

const RULE = /^\s*[-*] \*\*([A-Z]{2}\d+[a-z]?)\*\*/gm;
/** The title of `test("…")`, `it("…")` and their `.each`, `.skipIf(…)` and so on, and of a suite's own case lists. */
const TITLE = /["'`]((?:\s*\[[A-Z]{2}\d+[a-z]?\])+)/g;
const ID = /\[([A-Z]{2}\d+[a-z]?)\]/g;

/** Code blocks show what a rule looks like and state none. */
const CODE_BLOCK = /^```[\s\S]*?^```/gm;

export function rulesIn(markdown: string): string[] {
  return [...markdown.replace(CODE_BLOCK, "").matchAll(RULE)].flatMap((match) => match[1] ?? []);
}

/** Ids at the beginning of a string literal: that is where titles have them. */
export function claimsIn(source: string): string[] {
  return [...source.matchAll(TITLE)].flatMap((title) =>
    [...(title[1] ?? "").matchAll(ID)].flatMap((match) => match[1] ?? []),
  );
}

export interface Coverage {
  /** Rules that no test's title names. */
  readonly unproven: readonly string[];
  /** Ids in titles that no rule has, with the file. */
  readonly unstated: readonly string[];
  /** Rules stated more than once. */
  readonly doubled: readonly string[];
}

export function coverage(specs: ReadonlyMap<string, string>, tests: ReadonlyMap<string, string>): Coverage {
  const rules = [...specs.values()].flatMap(rulesIn);
  const stated = new Set(rules);
  const claimed = new Set([...tests.values()].flatMap(claimsIn));
  return {
    unproven: [...stated].filter((id) => !claimed.has(id)),
    unstated: [...tests].flatMap(([file, source]) =>
      claimsIn(source)
        .filter((id) => !stated.has(id))
        .map((id) => `${id} in ${file}`),
    ),
    doubled: rules.filter((id, at) => rules.indexOf(id) !== at),
  };
}
