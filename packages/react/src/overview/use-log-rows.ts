import { isChangeEvent } from "@skein/runtime/client";
import { codingSessionTranscriptRow, sessionStreams, TRANSCRIPT_EVENT } from "@skein/sessions";
import { useEffect, useState } from "react";
import type { LogRow } from "../log-window.ts";
import { useSkein } from "../provider.tsx";
import { readRange } from "./scan.ts";

export type LogRowsView =
  | { readonly kind: "loading" }
  | { readonly kind: "loaded"; readonly rows: readonly LogRow[] }
  | { readonly kind: "failed"; readonly message: string };

/** Positions this near to each other are read together. */
const NEAR = 20;
const MOST = 400;

/**
 * Rows of a session by their positions in its log, in order: for what an overview only names. At most 400 positions;
 * read again when the list is another one. Positions without a row are left out.
 */
export function useLogRows(sessionId: string, positions: readonly number[]): LogRowsView {
  const { client } = useSkein();
  const [view, setView] = useState<LogRowsView>({ kind: "loading" });
  const wanted = positions.slice(-MOST).join(",");
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const read = async (): Promise<readonly LogRow[]> => {
      const all = wanted === "" ? [] : wanted.split(",").map(Number);
      const rows: LogRow[] = [];
      for (const { from, to } of ranges(all)) {
        for (const page of await readRange(client, sessionStreams(sessionId).main, from, to, signal)) {
          for (const [index, event] of page.events.entries()) {
            const position = page.start + index;
            if (!all.includes(position) || !isChangeEvent(event) || event.type !== TRANSCRIPT_EVENT) continue;
            const row = codingSessionTranscriptRow.safeParse(event.value);
            if (row.success) rows.push({ position, row: row.data });
          }
        }
      }
      return rows;
    };
    read().then(
      (rows) => setView({ kind: "loaded", rows }),
      (error: unknown) => {
        if (!signal.aborted)
          setView({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => gone.abort();
  }, [client, sessionId, wanted]);
  return view;
}

function ranges(positions: readonly number[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const position of positions.toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && position - last.to < NEAR) last.to = position + 1;
    else found.push({ from: position, to: position + 1 });
  }
  return found;
}
