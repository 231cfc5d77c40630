/**
 * Server-sent events over `fetch` (the `EventSource` global sends no token and does not exist in Node 20).
 * Only what streams need: `event` and `data`; `id`, `retry` and comments are skipped.
 */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
}

/** Pure: feed it text as it comes, in any pieces, and it gives the events that are complete. */
export function createSseParser(): (text: string) => SseEvent[] {
  /** The beginning of a line, in the pieces it came in, so that a long one is not searched again for each of them. */
  let pieces: string[] = [];
  let event = "";
  let data: string[] = [];

  return (text) => {
    const events: SseEvent[] = [];
    if (!/[\r\n]/.test(text) && !pieces.at(-1)?.endsWith("\r")) {
      pieces.push(text);
      return events;
    }
    // A CR at the end may be the first half of a CRLF: it waits for what follows.
    const lines = (pieces.join("") + text).split(/\r\n|\n|\r(?!$)/);
    pieces = [lines.pop() ?? ""];
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) events.push({ event: event === "" ? "message" : event, data: data.join("\n") });
        event = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
    }
    return events;
  };
}
