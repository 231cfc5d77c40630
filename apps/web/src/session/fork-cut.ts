import { formatOffset } from "@skein/protocol";
import type { TranscriptItem } from "@skein/react";

/** Where a fork leaves its origin. */
export interface ForkCut {
  /** The offset behind the last row that it keeps; absent: all of it, as it is when the fork is made. */
  readonly at: string | undefined;
  readonly where: string;
  /** What is written in its composer at first. */
  readonly prompt: string;
}

export const WHOLE: ForkCut = { at: undefined, where: "with the whole history", prompt: "" };

/**
 * A fork from an item keeps it, with what came of it. From a prompt it begins in front of it: the prompt is what is to
 * be said another way. Pure.
 */
export function cutAt(item: TranscriptItem): ForkCut {
  if (item.kind === "prompt") {
    return { at: formatOffset(item.position), where: "in front of this prompt", prompt: item.text };
  }
  const last = item.kind === "tool" ? Math.max(item.position, item.resultPosition ?? 0) : item.position;
  return { at: formatOffset(last + 1), where: "with the history up to this row", prompt: "" };
}
