import type { CodingSessionDelta, CodingSessionTranscriptRow } from "@skein/sessions";
import { safeText } from "./safe-text.ts";
import type { Style } from "./style.ts";
import { renderEvent } from "./transcript-row.ts";

/**
 * Prints a transcript as it grows: rows whole, and the answer that is being written as its deltas come. When the row
 * of such an answer arrives, only what was not shown yet is added, so that nothing stands there twice.
 */
export interface TranscriptPrinter {
  /** Text to print for a row of the history. */
  row(row: CodingSessionTranscriptRow): string;
  /** Text to print for a delta; empty when it belongs to what is not streamed or stands there already. */
  delta(delta: CodingSessionDelta): string;
  /** Ends a line that was left open. */
  end(): string;
}

/** The answer whose deltas are being printed: the cursor is behind its last character. */
interface Open {
  readonly liveKey: string;
  readonly text: string;
}

export function createTranscriptPrinter(style: Style): TranscriptPrinter {
  let open: Open | undefined;
  /** Live keys of this turn that are complete: a delta that comes late is not printed again. */
  let complete = new Set<string>();

  const end = (): string => {
    if (open === undefined) return "";
    open = undefined;
    return "\n";
  };

  return {
    row(row) {
      const event = row.payload;
      if (row.liveKey !== undefined) complete.add(row.liveKey);
      if (event.type === "turn_complete" || event.type === "turn_aborted") complete = new Set();
      if (open !== undefined && open.liveKey === row.liveKey && event.type === "assistant_message") {
        const { text } = open;
        if (event.text.startsWith(text)) return safeText(event.text.slice(text.length)) + end();
      }
      const indent = row.parentCallId === undefined ? "" : "  ";
      return (
        end() +
        renderEvent(event, style)
          .map((line) => `${indent}${line}\n`)
          .join("")
      );
    },
    delta({ key, kind, parentCallId, at, text }) {
      if (kind !== "text" || parentCallId !== undefined || complete.has(key) || text === "") return "";
      if (open?.liveKey === key) {
        // A gap (or a second try of the same answer): leave it to the row.
        if (at !== open.text.length) return "";
        open = { liveKey: key, text: open.text + text };
        return safeText(text);
      }
      if (at !== 0) return "";
      const before = end();
      open = { liveKey: key, text };
      return `${before}\n${safeText(text)}`;
    },
    end,
  };
}
