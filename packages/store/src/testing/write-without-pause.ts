import type { Store } from "../store.ts";
import { crashCommit, crashMessages } from "./crash-rules.ts";

/**
 * One writer of the crash tests: goes on where its producer stands, until the signal aborts. `say` hears of what was
 * acknowledged, at once: what it wrote to a pipe has been acknowledged, whatever happens next.
 */
export async function writeWithoutPause(
  store: Store,
  writer: number,
  say: (writer: number, seq: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const known = await store.getProducer(crashMessages(writer).left, "writer");
  for (let seq = known ? known.seq + 1 : 0; ; seq++) {
    if (signal?.aborted) return;
    const outcome = await store.commit(crashCommit(writer, seq));
    if (outcome.kind !== "committed") throw new Error(`${writer}:${seq} ${JSON.stringify(outcome.reason)}`);
    say(writer, seq);
  }
}
