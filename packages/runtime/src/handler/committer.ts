import type { ChangeEvent, ClaimCommit, ClaimCommitResult, SkeinError } from "@skein/protocol";
import type { ClaimChannel } from "../runner/claim-channel.ts";
import type { StreamView } from "./stream-view.ts";
import type { Batch, WriteBuffer } from "./write-buffer.ts";
import { toCommit } from "./write-buffer.ts";

type Extra = Pick<ClaimCommit, "ack" | "done" | "spawns" | "taken"> & { writes?: Map<string, readonly ChangeEvent[]> };

/** Sends what the handler wrote, one commit after the other, and tells the views where in the log it went. */
export interface Committer {
  /** What is buffered; callers that come while a commit is under way share the next one. */
  flush(): Promise<void>;
  /** What is buffered together with `extra()`, which is asked when its turn has come. */
  commit(extra: () => Extra): Promise<ClaimCommitResult>;
  /** From now on every flush rejects with this. */
  close(error: SkeinError): void;
}

export function createCommitter(options: {
  readonly channel: ClaimChannel;
  readonly buffer: WriteBuffer;
  readonly viewOf: (path: string) => StreamView | undefined;
  /** Called with the streams of every commit that took effect. */
  readonly onCommitted: (batch: Batch | undefined) => void;
}): Committer {
  const { channel, buffer, viewOf, onCommitted } = options;
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  let closed: SkeinError | undefined;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  const send = async (batch: Batch | undefined, extra: Extra): Promise<ClaimCommitResult> => {
    if (closed) throw closed;
    const body = toCommit(batch);
    const { writes: extraWrites = new Map<string, readonly ChangeEvent[]>(), ...rest } = extra;
    const writes = [...(body.writes ?? [])];
    for (const [stream, events] of extraWrites) writes.push({ stream, events: [...events] });
    try {
      const result = await channel.commit({ ...body, ...rest, writes });
      settle(batch, extraWrites, result);
      onCommitted(batch);
      return result;
    } catch (error) {
      if (batch) buffer.restore(batch);
      throw error;
    }
  };

  const settle = (
    batch: Batch | undefined,
    extraWrites: ReadonlyMap<string, readonly ChangeEvent[]>,
    { tails }: ClaimCommitResult,
  ): void => {
    const written = new Map<string, ChangeEvent[]>();
    for (const [stream, { events }] of batch?.writes ?? []) written.set(stream, [...events]);
    for (const [stream, events] of extraWrites) written.set(stream, [...(written.get(stream) ?? []), ...events]);
    for (const [stream, events] of written) {
      const tail = tails[stream];
      if (tail !== undefined) viewOf(stream)?.committed(events, tail);
    }
  };

  return {
    flush() {
      next ??= inTurn(async () => {
        next = undefined;
        const batch = buffer.take();
        if (batch) await send(batch, {});
        else if (closed) throw closed;
      });
      // A handler that does not await its flush learns of the refusal at its end; the process must not die of it.
      next.catch(() => undefined);
      return next;
    },
    commit: (extra) => inTurn(() => send(buffer.take(), extra())),
    close(error) {
      closed ??= error;
    },
  };
}
