import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";
import { z } from "zod";
import { createConnection, type PostgresAddress } from "./connect.ts";

/** PostgreSQL takes less than 8000 bytes; beyond this all are told to look. */
const MAX_PAYLOAD = 7000;
const BACKOFF_MS = { first: 100, most: 5000 };

const payload = z.object({ from: z.string(), streams: z.array(z.string()), collections: z.array(z.string()) });

/** What a group touched, for the other servers; `undefined` lists mean "look at everything". */
export function noticeOf(from: string, touched: { streams: Iterable<string>; collections: Iterable<string> }): string {
  const text = JSON.stringify({ from, streams: [...touched.streams], collections: [...touched.collections] });
  return Buffer.byteLength(text) > MAX_PAYLOAD ? JSON.stringify({ from, streams: ["*"], collections: ["*"] }) : text;
}

export interface Hints {
  close(): Promise<void>;
}

/**
 * Listens on one connection and comes back when it is lost. A notification only says that there may be news: what was
 * missed while the connection was down is found by the polling of whoever watches.
 */
export function listenForHints(deps: {
  readonly address: PostgresAddress;
  readonly self: string;
  readonly onHint: (hint: { readonly streams: readonly string[]; readonly collections: readonly string[] }) => void;
  /** After every (re)connection: anything may have been missed. */
  readonly onConnected: () => void;
}): Hints {
  const ended = new AbortController();
  let client: pg.Client | undefined;
  const run = async () => {
    let delay = BACKOFF_MS.first;
    while (!ended.signal.aborted) {
      const connection = createConnection(deps.address);
      client = connection;
      const lost = new Promise<void>((resolve) => {
        connection.once("end", resolve);
        connection.on("error", () => resolve());
      });
      try {
        // Closing ends the connection, and one that is ended while it is being made never says how that went.
        await Promise.race([connection.connect(), aborted(ended.signal)]);
        if (!ended.signal.aborted) {
          connection.on("notification", ({ payload: text }) => {
            const hint = readPayload(text);
            if (hint && hint.from !== deps.self) deps.onHint(hint);
          });
          await connection.query("LISTEN skein");
          delay = BACKOFF_MS.first;
          deps.onConnected();
          await Promise.race([lost, aborted(ended.signal)]);
        }
      } catch {
        // The database is away. Polling goes on, and this comes back as soon as it can.
      }
      await closeConnection(connection);
      if (!ended.signal.aborted) await wait(delay, undefined, { signal: ended.signal }).catch(() => undefined);
      delay = Math.min(delay * 2, BACKOFF_MS.most);
    }
  };
  const running = run();
  return {
    async close() {
      ended.abort();
      if (client) await closeConnection(client);
      await running;
    },
  };
}

function readPayload(text: string | undefined): z.infer<typeof payload> | undefined {
  try {
    return payload.parse(JSON.parse(text ?? ""));
  } catch {
    // Not ours, or of a version to come: whoever sent it, nothing can be missed for longer than a poll.
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Ending a connection that was lost already is no failure. */
async function closeConnection(connection: pg.Client): Promise<void> {
  await connection.end().catch(() => undefined);
}
