import type { ChangeEvent } from "@skein/protocol";
import type { Fold, Keep, StreamBatch } from "../client/index.ts";
import { createFold, positionOf } from "../client/index.ts";
import type { StreamEvent } from "../client/index.ts";
import type { Saved, WarmFold } from "./warm-cache.ts";
import { createOverlay, type Overlay } from "./overlay.ts";

/**
 * What a handler sees of one stream: the fold of the log, and over it what the handler wrote and the log has not
 * given back yet. The fold is never written to out of the log's order, so the order of rows is always the log's.
 *
 *  - A write is visible at once, in the overlay.
 *  - A commit names the offset behind its events. If nothing of others lies in between, they go into the fold as
 *    they are; else they stay in the overlay until the tail has brought the fold past them.
 */
export interface StreamView {
  readonly path: string;
  readonly fold: Fold;
  readonly overlay: Overlay;
  /** The newest checkpoint of it. */
  saved: Saved;
  keep(type: string): Keep;
  /** Nothing of the log is held: it is neither read nor followed, and writes go as soon as they are committed. */
  readonly blind: boolean;
  /** Takes what was read of the log; what it has already is skipped. */
  receive(batch: Pick<StreamBatch, "events" | "start">): void;
  /** Applies a write of the handler, to be committed. */
  write(event: ChangeEvent): void;
  /** These writes were committed, the last of them in front of `tail`. */
  committed(events: readonly ChangeEvent[], tail: string): void;
  subscribe(listener: () => void): () => void;
}

export interface StreamViewOptions {
  readonly path: string;
  readonly keep: (type: string) => Keep;
  readonly blind?: boolean;
  readonly trimmed?: ((type: string) => boolean) | undefined;
  /** A fold of the same stream from before, with the same `keep`. */
  readonly warm?: WarmFold | undefined;
  /** Sees every message of the log that `receive` and `committed` bring, in order. */
  readonly onLog?: (event: StreamEvent, position: number) => void;
}

export function createStreamView(options: StreamViewOptions): StreamView {
  const { path, keep, blind = false, trimmed, warm, onLog } = options;
  const fold = warm?.fold ?? createFold({ keep, ...(trimmed && { trimmed }) });
  const overlay = createOverlay();
  const listeners = new Set<() => void>();
  /** Writes that the fold does not have yet; those committed know where they end. */
  let pending: { readonly event: ChangeEvent; end?: number }[] = [];

  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  const advance = (events: readonly StreamEvent[]): void => {
    let position = fold.position;
    fold.apply(events, position);
    for (const event of events) onLog?.(event, position++);
  };
  const settle = (): void => {
    const before = pending.length;
    pending = pending.filter(({ end }) => end === undefined || (!blind && end > fold.position));
    if (pending.length === before) return;
    overlay.clear();
    for (const { event } of pending) overlay.write(event, fold.rows(event.type).has(event.key));
  };

  return {
    path,
    fold,
    overlay,
    saved: warm?.saved ?? { position: 0, rows: 0 },
    keep,
    blind,
    receive({ events, start }) {
      const known = fold.position - positionOf(start);
      if (known < 0) throw new Error(`${path}: messages ${fold.position} to ${positionOf(start)} were not read`);
      const fresh = events.slice(known);
      if (fresh.length === 0) return;
      advance(fresh);
      settle();
      notify();
    },
    write(event) {
      pending.push({ event });
      overlay.write(event, fold.rows(event.type).has(event.key));
      notify();
    },
    committed(events, tail) {
      const end = positionOf(tail);
      const mine = new Set(events);
      for (const write of pending) if (mine.has(write.event)) write.end = end;
      if (!blind && fold.position === end - events.length) advance(events);
      settle();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
