import { formatOffset, SkeinError } from "@skein/protocol";
import type { Client, Clock } from "../client/index.ts";
import type { Log } from "../runner/log.ts";
import type { StreamView } from "./stream-view.ts";

/** Handlers that end sooner than this never open a live connection: most do. */
const DELAY_MS = 10;

/** Keeps the views of a running handler up with their streams. */
export interface Tails {
  readonly add: (view: StreamView) => void;
  close(): void;
}

export function createTails(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly main: StreamView;
  /** The main stream cannot be followed any more: the entity has ended. */
  readonly onMainGone: (error: SkeinError) => void;
}): Tails {
  const { client, clock, log, main, onMainGone } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const waiting = new Set<StreamView>();
  let open = false;

  const follow = async (view: StreamView): Promise<void> => {
    try {
      const from = formatOffset(view.fold.position);
      // A shared state that this handler makes is there after its first commit.
      for await (const batch of client.followStream({ path: view.path, from, signal, missingMs: Infinity })) {
        view.receive(batch);
        if (batch.closed && view === main) onMainGone(new SkeinError("entity_ended", `${view.path} was closed.`));
      }
    } catch (error) {
      if (view === main && error instanceof SkeinError) onMainGone(error);
      else
        log("warn", `${view.path} is not followed any more: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const add = (view: StreamView): void => {
    if (signal.aborted || view.blind) return;
    if (open) void follow(view);
    else waiting.add(view);
  };
  const cancel = clock.after(DELAY_MS, () => {
    open = true;
    for (const view of waiting) void follow(view);
    waiting.clear();
  });
  waiting.add(main);

  return {
    add,
    close() {
      cancel();
      closing.abort();
    },
  };
}
