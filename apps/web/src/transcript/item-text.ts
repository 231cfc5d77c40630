import type { TranscriptItem } from "@skein/react";
import { command, toolTitle } from "../text/tool-summary.ts";

/** What “copy” takes of an item: the words as they came, not as they are shown. Pure. */
export function itemText(item: TranscriptItem): string {
  switch (item.kind) {
    case "prompt":
    case "assistant":
    case "thinking":
      return item.text;
    case "tool": {
      const asked = item.tool === "terminal" ? command(item.input) : `${toolTitle(item)} ${JSON.stringify(item.input)}`;
      return [asked, item.result?.output].filter(Boolean).join("\n");
    }
    case "error":
      return item.event.message;
    case "compaction":
      return item.event.summary ?? "";
    case "plan":
      return item.items.map(({ text }) => `- ${text}`).join("\n");
    case "unknown":
      return JSON.stringify(item.raw);
    case "permission":
    case "question":
    case "changes":
    case "turn":
    case "aborted":
    case "marker":
      return "";
  }
}
