/** Entry of the writer's thread. One message in, one group of commits made durable, one message out. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { SkeinError } from "@skein/protocol";
import { loadSqlite } from "./driver.ts";
import { openWriter, type OpenWriter } from "./open-writer.ts";
import type { FromWriter, ToWriter, WriterStart } from "./wire.ts";
import { unpackBatch } from "./wire.ts";
import { packOutcomes } from "./wire-outcomes.ts";
import type { Batch } from "./writer.ts";

/** Commits taken into one transaction, at most: beyond it the first would wait long for the last. */
const GROUP_COMMITS = 4096;
const GROUP_BYTES = 16 * 1024 * 1024;

async function main(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("The writer runs as a worker thread");
  const start: WriterStart = workerData;
  const say = (message: FromWriter) => port.postMessage(message);
  const opened = await tryOpen(start);
  if (opened.kind === "refused") {
    say(opened);
    port.close();
    return;
  }
  const { store } = opened;
  let ended = false;

  const end = () => {
    ended = true;
    store.close();
    say({ kind: "closed" });
    port.close();
  };

  const commit = (batches: readonly Batch[]) => {
    try {
      const { outcomes, ...group } = store.writer.commitGroup(batches);
      say({ kind: "group", ...group, outcomes: packOutcomes(outcomes) });
    } catch (error) {
      const commits = batches.reduce((sum, batch) => sum + batch.commits.length, 0);
      say({ kind: "failed", commits, message: explain(error) });
    }
  };

  const tidy = () => {
    if (ended) return;
    try {
      if (store.writer.collectGarbage()) setImmediate(tidy);
    } catch (error) {
      // What could not be removed now is tried again after the next group; nobody waits for it.
      say({ kind: "failed", commits: 0, message: explain(error) });
    }
  };

  /** Takes the message and whatever else has arrived meanwhile. */
  const take = (first: ToWriter) => {
    let message: ToWriter | undefined = first;
    while (message) {
      const batches: Batch[] = [];
      let size = 0;
      let commits = 0;
      while (message?.kind === "commits" && commits < GROUP_COMMITS && size < GROUP_BYTES) {
        batches.push({ now: message.now, bytes: message.bodies.byteLength, commits: unpackBatch(message) });
        commits += message.commits.length;
        size += message.bodies.byteLength;
        const next: { message: ToWriter } | undefined = receiveMessageOnPort(port);
        message = next?.message;
      }
      if (batches.length > 0) commit(batches);
      if (message?.kind === "close") return end();
    }
    setImmediate(tidy);
  };

  port.on("message", take);
  say({ kind: "ready" });
}

type Opened = { readonly kind: "open"; readonly store: OpenWriter } | Extract<FromWriter, { readonly kind: "refused" }>;

async function tryOpen(start: WriterStart): Promise<Opened> {
  try {
    return { kind: "open", store: openWriter(start, await loadSqlite()) };
  } catch (error) {
    // Refusals of our own say everything; those of the file system and of SQLite do not name the store.
    const message =
      error instanceof SkeinError ? error.message : `The store in ${start.folder} cannot be opened: ${explain(error)}`;
    return { kind: "refused", message };
  }
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

await main();
