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
  /** The run whose turn is open. Deltas come on a connection of their own, and those of other runs come late. */
  let running: string | undefined;
  let ended: string | undefined;
  /** Live keys of the open turn that are complete. */
  const complete = new Set<string>();

  const end = (): string => {
    if (open === undefined) return "";
    open = undefined;
    return "\n";
  };

  const follow = ({ type, runId }: CodingSessionTranscriptRow): void => {
    if (type === "turn_complete" || type === "turn_aborted") {
      ended = runId ?? running;
      running = undefined;
      complete.clear();
    } else if (runId !== undefined && runId !== ended) running = runId;
  };

  return {
    row(row) {
      const event = row.payload;
      follow(row);
      if (row.liveKey !== undefined) complete.add(row.liveKey);
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
    delta({ key, runId, kind, parentCallId, at, text }) {
      if (runId !== running || complete.has(key)) return "";
      if (kind !== "text" || parentCallId !== undefined || text === "") return "";
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
