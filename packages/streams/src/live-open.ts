import type { StreamInfo } from "@skein/store";
import { Batch } from "./batch.ts";
import { missing, pageEnd, readFrom } from "./catch-up.ts";
import type { LiveReader } from "./channel.ts";
import { modeOf } from "./content-type.ts";
import type { ReaderKind, StreamsContext } from "./context.ts";
import type { ReadStart } from "./read-query.ts";
import { touch } from "./touch.ts";

/**
 * What all live reads begin with, and what they do while they are behind their stream's channel.
 */
export interface LiveQuery {
  readonly start: ReadStart;
  readonly cursor: string | null;
}

export type Opened =
  | { readonly kind: "open"; readonly stream: StreamInfo; readonly position: number; readonly reader: LiveReader }
  | { readonly kind: "refused"; readonly response: Response };

export async function openLive(context: StreamsContext, path: string, start: ReadStart): Promise<Opened> {
  const stream = await context.store.getStream(path);
  if (stream === undefined) return { kind: "refused", response: missing({ kind: "not-found" }) };
  const position = startPosition(stream, start);
  if (stream.deleted || position < stream.first) return { kind: "refused", response: missing({ kind: "gone" }) };
  if (position > stream.head) return { kind: "refused", response: missing({ kind: "beyond" }) };
  await touch(context.store, stream);
  return { kind: "open", stream, position, reader: context.hub.join(stream) };
}

export function startPosition(stream: StreamInfo, start: ReadStart): number {
  if (start.kind === "at") return start.position;
  return start.kind === "tail" ? stream.head : stream.first;
}

/** The batch of a reader that is behind, from the store. */
export async function readBatch(context: StreamsContext, path: string, position: number, maxBytes: number) {
  context.observe({ kind: "reader-behind" });
  const outcome = await readFrom(context, path, { kind: "at", position }, maxBytes);
  if (outcome.kind !== "read") return outcome;
  const { stream, runs, start, next } = outcome;
  const batch = new Batch(modeOf(stream.contentType), runs, start, next);
  const { upToDate, closed } = pageEnd(outcome);
  return { kind: "batch" as const, batch, upToDate, closed };
}

export interface Stay {
  readonly reader: ReaderKind;
  readonly ms: number;
  /** May be called more than once. */
  readonly leave: () => void;
}

/** Calls `leave` when the client goes, the server stops, or the time is up; returns the end of that, which leaves too. */
export function leaveInTime(context: StreamsContext, request: Request, { reader, ms, leave }: Stay): () => void {
  context.observe({ kind: "reader-joined", reader });
  const timer = setTimeout(leave, ms);
  request.signal.addEventListener("abort", leave, { once: true });
  if (request.signal.aborted) leave();
  const undo = context.ending.onEnd(leave);
  let over = false;
  return () => {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", leave);
    undo();
    leave();
    if (!over) context.observe({ kind: "reader-left", reader });
    over = true;
  };
}
