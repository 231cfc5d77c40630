import { formatOffset, SkeinError } from "@skein/protocol";
import { useSkein } from "@skein/react";
import { positionOf } from "@skein/runtime/client";
import { useCallback, useEffect, useState } from "react";
import { appended, MAX_EVENTS, prepended, type EventLog } from "./event-log.ts";

export type LogPhase =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export interface EventLogView {
  readonly phase: LogPhase;
  readonly log: EventLog;
  readonly loading: boolean;
  /** Reads the page in front; absent at the beginning, or when no more is held. */
  readonly loadOlder: (() => void) | undefined;
}

const EMPTY: EventLog = { start: 0, events: [] };
const TAIL = 300;
const PAGE = 300;

/** The end of any stream, live. */
export function useEventLog(path: string): EventLogView {
  const { client, follower } = useSkein();
  const [phase, setPhase] = useState<LogPhase>({ kind: "loading" });
  const [log, setLog] = useState(EMPTY);
  const [loading, setLoading] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    setPhase({ kind: "loading" });
    setLog(EMPTY);
    const open = async (): Promise<void> => {
      try {
        const batch = await client.readStream(path, { last: TAIL }, { signal: stop.signal });
        setLog({ start: positionOf(batch.start), events: batch.events });
        setPhase({ kind: "ready" });
        const leave = follower.follow(path, positionOf(batch.offset), {
          onBatch: ({ events }) => setLog((held) => appended(held, events)),
          onGone(code) {
            setPhase({ kind: "failed", code, message: "The stream is not there any more." });
            return "leave";
          },
        });
        stop.signal.addEventListener("abort", leave, { once: true });
        if (stop.signal.aborted) leave();
      } catch (error) {
        if (!stop.signal.aborted) setPhase(failure(error));
      }
    };
    void open();
    return () => stop.abort();
  }, [client, follower, path]);
  const older = useCallback(async (): Promise<void> => {
    setLoading(true);
    try {
      const page = await client.readStream(path, { before: formatOffset(log.start), limit: PAGE });
      setLog((held) => (held.start === positionOf(page.offset) ? prepended(held, page.events) : held));
    } catch (error) {
      setPhase(failure(error));
    } finally {
      setLoading(false);
    }
  }, [client, path, log.start]);
  const more = phase.kind === "ready" && !loading && log.start > 0 && log.events.length < MAX_EVENTS;
  return { phase, log, loading, loadOlder: more ? () => void older() : undefined };
}

function failure(error: unknown): LogPhase {
  const code = error instanceof SkeinError ? error.code : "internal";
  return { kind: "failed", code, message: error instanceof Error ? error.message : String(error) };
}
