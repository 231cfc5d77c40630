import type { ToolItem, TranscriptItem } from "@skein/react";
import { count } from "../text/format.ts";

/**
 * Calls that follow each other and changed nothing become one line that unfolds. What changed files, asked somebody, or
 * is still at work keeps a line of its own. Pure.
 */
export interface ToolGroup {
  readonly kind: "group";
  readonly key: string;
  readonly row: string;
  readonly position: number;
  readonly items: readonly TranscriptItem[];
  readonly open: boolean;
}

export type TranscriptLine =
  | { readonly kind: "item"; readonly key: string; readonly item: TranscriptItem; readonly grouped: boolean }
  | ToolGroup;

export interface GroupOptions {
  /** A turn is running, so calls at the end of the list may get company. */
  readonly active: boolean;
  readonly isOpen: (items: readonly TranscriptItem[]) => boolean;
}

/** Fewer calls are shown as they are. */
const FEWEST = 3;

export function groupLines(items: readonly TranscriptItem[], options: GroupOptions): TranscriptLine[] {
  const lines: TranscriptLine[] = [];
  for (let at = 0; at < items.length;) {
    // Thoughts in front of the first call stand alone; those between and behind calls belong to them.
    let to = at;
    while (to < items.length && joins(items[to]) && (to > at || isTool(items[to]))) to++;
    const open = options.active && to === items.length;
    // The call that ended last is what the reader watches: it stays until something follows.
    const run = items.slice(at, open ? to - 1 : to);
    if (run.filter(isTool).length >= FEWEST) {
      lines.push(...groupOf(run, open, options));
      at += run.length;
    } else {
      const next = Math.max(to, at + 1);
      for (const item of items.slice(at, next)) lines.push(single(item, false));
      at = next;
    }
  }
  return lines;
}

function single(item: TranscriptItem, grouped: boolean): TranscriptLine {
  return { kind: "item", key: item.key, item, grouped };
}

function groupOf(run: readonly TranscriptItem[], growing: boolean, { isOpen }: GroupOptions): TranscriptLine[] {
  // Older pages lengthen a group in front, a running turn lengthens it behind: it is named for the end that stays.
  const named = growing ? run[0] : run.at(-1);
  if (named === undefined) return [];
  const open = isOpen(run);
  const head: ToolGroup = {
    kind: "group",
    key: `group:${named.key}`,
    row: named.row,
    position: named.position,
    items: run,
    open,
  };
  return open ? [head, ...run.map((item) => single(item, true))] : [head];
}

function isTool(item: TranscriptItem | undefined): item is ToolItem {
  return item?.kind === "tool";
}

function joins(item: TranscriptItem | undefined): boolean {
  if (item?.kind === "thinking") return !item.streaming;
  return isTool(item) && isQuiet(item);
}

function isQuiet({ tool, state, changes, children }: ToolItem): boolean {
  const done = state === "done" || state === "failed" || state === "interrupted";
  return done && changes === undefined && children.length === 0 && !LOUD.has(tool);
}

const LOUD: ReadonlySet<string> = new Set(["file_edit", "file_write", "sub_agent", "plan", ""]);

/** What a group did, in the order in which it was first done: `Read 4 files, ran 3 commands`. */
export function groupSummary(items: readonly TranscriptItem[]): { readonly text: string; readonly failed: number } {
  const amounts = new Map<string, number>();
  let failed = 0;
  for (const item of items) {
    if (!isTool(item)) continue;
    const kind = WORDS[item.tool] === undefined ? "other" : item.tool;
    amounts.set(kind, (amounts.get(kind) ?? 0) + 1);
    if (item.state === "failed") failed += 1;
  }
  const parts = [...amounts].map(([kind, amount]) => (WORDS[kind] ?? OTHER)(amount));
  const text = parts.join(", ");
  return { text: text.charAt(0).toUpperCase() + text.slice(1), failed };
}

const OTHER = (amount: number): string => `used ${count(amount, "tool")}`;
const WORDS: Readonly<Record<string, (amount: number) => string>> = {
  terminal: (amount) => `ran ${count(amount, "command")}`,
  file_read: (amount) => `read ${count(amount, "file")}`,
  file_search: (amount) => `looked for files${times(amount)}`,
  content_search: (amount) => `searched${times(amount)}`,
  web_search: (amount) => `searched the web${times(amount)}`,
  web_fetch: (amount) => `fetched ${count(amount, "page")}`,
};

function times(amount: number): string {
  if (amount === 1) return "";
  return amount === 2 ? " twice" : ` ${amount} times`;
}
