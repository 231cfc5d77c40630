import type { ChangeEvent, RunRow } from "@skein/protocol";
import { ENTITY_EVENTS } from "@skein/protocol";
import type { Clock } from "../client/index.ts";
import type { RunHandle } from "../context.ts";
import type { RunnerTrace } from "../runner/trace.ts";

/** The runs of one claim: none is left `started` when its handler ends. (Those of a runner that died end with the next claim.) */
export interface Runs {
  record(): RunHandle;
  /** Events that end what is open as failed. */
  failOpen(reason: string, error: string): ChangeEvent[];
}

export function createRuns(options: {
  readonly entity: string;
  readonly generation: number;
  readonly clock: Clock;
  readonly write: (event: ChangeEvent) => void;
  readonly trace: RunnerTrace;
}): Runs {
  const { entity, generation, clock, write, trace } = options;
  const open = new Map<string, { readonly row: RunRow; readonly tell: (ended: RunRow) => void }>();
  let count = 0;

  return {
    record() {
      const key = `${generation}-${(count += 1)}`;
      const started: RunRow = { key, status: "started", startedAt: clock.now() };
      let texts = 0;
      open.set(key, { row: started, tell: trace.run(entity, started) });
      write(runEvent("insert", started));
      return {
        key,
        attachResponse(text) {
          const textKey = `${key}:${(texts += 1)}`;
          const value = { key: textKey, runId: key, text };
          write({ type: ENTITY_EVENTS.runText, key: textKey, value, headers: { operation: "insert" } });
        },
        end(outcome) {
          const run = open.get(key);
          if (!run) return;
          open.delete(key);
          const ended: RunRow = { ...started, ...outcome, endedAt: clock.now() };
          write(runEvent("update", ended));
          run.tell(ended);
        },
      };
    },
    failOpen(reason, error) {
      const events = [...open.values()].flatMap(({ row, tell }) => {
        const ended = failed(row, reason, error, clock.now());
        tell(ended);
        // Begun again, for what was buffered is dropped when a handler fails, and who waits for the run must hear of it.
        return [runEvent("upsert", row), runEvent("update", ended)];
      });
      open.clear();
      return events;
    },
  };
}

function failed(row: RunRow, finishReason: string, error: string, endedAt: number): RunRow {
  return { ...row, status: "failed", finishReason, error, endedAt };
}

function runEvent(operation: "insert" | "update" | "upsert", row: RunRow): ChangeEvent {
  return { type: ENTITY_EVENTS.run, key: row.key, value: row, headers: { operation } };
}
