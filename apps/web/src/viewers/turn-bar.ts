import type { ToolSpan, Turn } from "@skein/react";
import { elapsed } from "../text/format.ts";

/** The picture of a turn: where in its time which call ran. Pure. */
export interface BarPart {
  readonly span: ToolSpan;
  /** Parts of the bar, between 0 and 1. */
  readonly from: number;
  readonly to: number;
}

export type ToolKind = "command" | "look" | "change" | "web" | "agent" | "other";

export const KINDS: readonly { readonly kind: ToolKind; readonly name: string }[] = [
  { kind: "command", name: "Commands" },
  { kind: "look", name: "Reads" },
  { kind: "change", name: "Changes" },
  { kind: "web", name: "Web" },
  { kind: "agent", name: "Sub-agents" },
  { kind: "other", name: "Other tools" },
];

const KIND_OF: ReadonlyMap<string, ToolKind> = new Map([
  ["terminal", "command"],
  ["file_read", "look"],
  ["file_search", "look"],
  ["content_search", "look"],
  ["file_edit", "change"],
  ["file_write", "change"],
  ["web_search", "web"],
  ["web_fetch", "web"],
  ["sub_agent", "agent"],
]);

export function kindOf(tool: string): ToolKind {
  return KIND_OF.get(tool) ?? "other";
}

const NARROWEST = 0.08;

/** Times are the rows' own and may be wrong in any way: what comes out lies within the bar. */
export function barOf(turn: Turn, longest: number): { readonly width: number; readonly parts: readonly BarPart[] } {
  const time = Math.max(1, turn.to - turn.from);
  const within = (at: number): number => Math.min(1, Math.max(0, (at - turn.from) / time));
  const parts = turn.tools.map((span) => {
    const from = within(span.from);
    return { span, from, to: Math.max(from, within(span.to ?? turn.to)) };
  });
  // Long turns are very much longer than short ones: the root keeps the short ones visible, and the order.
  return { width: Math.max(NARROWEST, Math.min(1, Math.sqrt(time / longest))), parts };
}

const PAUSE_MS = 60_000;

export function pauseText(ms: number): string {
  return ms < PAUSE_MS ? "" : `${elapsed(ms)} later`;
}
