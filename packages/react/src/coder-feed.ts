import { mainStream } from "@skein/protocol";
import type { Client } from "@skein/runtime/client";
import { emptyCoder, foldCoder, type CoderState } from "./coder-state.ts";
import type { Follower } from "./follower.ts";
import { pageOf } from "./log-window.ts";

/** Events of the coder's own stream that are read at first: far more than a queue of prompts. */
const TAIL = 200;
const OLDER = 1000;
const MAX_OLDER_PAGES = 10;

export interface CoderFeedOptions {
  readonly client: Client;
  readonly follower: Follower;
  readonly coderUrl: string;
  readonly signal: AbortSignal;
  /** The state so far, and the position in the coder's stream that it stands for. */
  readonly onState: (state: CoderState, position: number) => void;
}

/** Reads the end of a coder's stream, enough to know its status, and follows it until the signal. */
export async function feedCoder({ client, follower, coderUrl, signal, onState }: CoderFeedOptions): Promise<void> {
  const stream = mainStream(coderUrl);
  let batch = await client.readStream(stream, { last: TAIL }, { signal });
  const pages = [pageOf(batch)];
  const fold = (): CoderState =>
    foldCoder(
      emptyCoder,
      pages.flatMap(({ events }) => events),
    );
  let state = fold();
  // A long queue may have pushed the status out of the first page.
  for (let older = 0; state.run === undefined && pageOf(batch).start > 0 && older < MAX_OLDER_PAGES; older++) {
    batch = await client.readStream(stream, { before: batch.start, limit: OLDER }, { signal });
    pages.unshift(pageOf(batch));
    state = fold();
  }
  const end = pages.at(-1)?.next ?? 0;
  onState(state, end);
  if (signal.aborted) return;
  const stop = follower.follow(stream, end, {
    onBatch(page) {
      state = foldCoder(state, page.events);
      onState(state, page.next);
    },
    onGone() {
      onState({ ...state, prompts: [], ended: { status: "killed", reason: undefined } }, end);
      return "leave";
    },
  });
  signal.addEventListener("abort", stop, { once: true });
}
