import { formatOffset, parseOffset, SkeinError } from "@skein/protocol";
import type { StreamEvent } from "./events.ts";
import { parseEvent } from "./events.ts";
import type { Transport } from "./transport.ts";
import { readJson, withOwnSignal } from "./transport.ts";

/** A run of messages of a stream, and where it lies. */
export interface StreamBatch {
  readonly events: readonly StreamEvent[];
  /** The offset in front of the first event: read backwards from here. The zero offset: there is nothing in front. */
  readonly start: string;
  /** The offset behind the last event: read on from here. */
  readonly offset: string;
  /** There was nothing behind it when it was read. */
  readonly upToDate: boolean;
  /** Nothing will ever come behind it. */
  readonly closed: boolean;
}

export type StreamRange =
  | { readonly from: string }
  | { readonly last: number }
  | { readonly before: string; readonly limit: number };

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One read. Forward reads give as much as the server puts into an answer; go on from `offset` until `upToDate`. */
export async function readStream(
  transport: Transport,
  path: string,
  range: StreamRange,
  options: ReadOptions = {},
): Promise<StreamBatch> {
  const query = "from" in range ? { offset: range.from } : "last" in range ? { last: range.last } : { ...range };
  const { events, headers } = await withOwnSignal(options.signal, async (signal) => {
    const response = await transport.request("GET", path, { query, signal });
    return { events: toEvents(await readJson(response)), headers: response.headers };
  });
  const offset = requireOffset(headers.get("stream-next-offset"));
  const upToDate = headers.get("stream-up-to-date") === "true";
  return {
    events,
    start: startOf(events, offset),
    offset,
    upToDate,
    closed: upToDate && headers.get("stream-closed") === "true",
  };
}

export function toEvents(body: unknown): StreamEvent[] {
  if (!Array.isArray(body)) throw new SkeinError("internal", "A stream's answer is not a list of messages.");
  return body.map(parseEvent);
}

export function requireOffset(text: string | null | undefined): string {
  if (typeof text === "string" && parseOffset(text) !== undefined) return text;
  throw new SkeinError("internal", "A stream's answer carries no offset to go on from.");
}

/** Offsets count messages, so the one in front of a batch follows from the one behind it. */
export function startOf(events: readonly StreamEvent[], offset: string): string {
  return formatOffset(positionOf(offset) - events.length);
}

/** A wire offset as a count of messages. */
export function positionOf(offset: string): number {
  const position = parseOffset(offset);
  if (position === undefined) throw new SkeinError("invalid_request", `“${offset}” is not a stream offset.`);
  return position;
}
