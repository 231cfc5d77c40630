/** What the palette offers. Pure data and what to do. */
export interface Command {
  /** Stable, and different from all others. */
  readonly id: string;
  readonly title: string;
  /** Shown beside the title: where it is, or its shortcut. */
  readonly hint?: string;
  readonly group: "Sessions" | "Go to" | "This session" | "App";
  /** Further words that find it. */
  readonly words?: string;
  readonly run: () => void;
}

const GROUPS: readonly Command["group"][] = ["This session", "Sessions", "Go to", "App"];
const MOST = 50;

/**
 * The commands that have every word of the text, best first: words at the beginning of a word count more than words
 * inside one, the title more than the rest. Without text: all, by group.
 */
export function matchCommands(commands: readonly Command[], text: string): readonly Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = commands
    .map((command, order) => ({ command, order, score: score(command, words) }))
    .filter(({ score: points }) => points !== undefined);
  ranked.sort(
    (a, b) =>
      (b.score ?? 0) - (a.score ?? 0) ||
      GROUPS.indexOf(a.command.group) - GROUPS.indexOf(b.command.group) ||
      a.order - b.order,
  );
  return ranked.slice(0, MOST).map(({ command }) => command);
}

function score(command: Command, words: readonly string[]): number | undefined {
  const title = command.title.toLowerCase();
  const rest = `${command.hint ?? ""} ${command.words ?? ""} ${command.group}`.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const points = Math.max(3 * find(title, word), find(rest, word));
    if (points === 0) return undefined;
    sum += points;
  }
  return sum;
}

/** 2 at the beginning of a word, 1 inside one, 0 when it is not there. */
function find(text: string, word: string): number {
  const at = text.indexOf(word);
  if (at < 0) return 0;
  if (at === 0) return 2;
  return ` ${text}`.search(new RegExp(`[^\\p{L}\\p{N}]${escape(word)}`, "u")) >= 0 ? 2 : 1;
}

function escape(word: string): string {
  return word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
