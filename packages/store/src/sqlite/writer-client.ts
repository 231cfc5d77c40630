import { setImmediate } from "node:timers";
import { Worker } from "node:worker_threads";
import { SkeinError } from "@skein/protocol";
import type { PreparedOperation } from "../core/operation.ts";
import type { CommitOutcome } from "../store.ts";
import type { GroupReport } from "../core/observe.ts";
import type { FromWriter, ToWriter, WriterStart } from "./wire.ts";
import { packBatch } from "./wire.ts";
import { unpackOutcomes } from "./wire-outcomes.ts";

/** What may wait for the writer; beyond it commits are refused instead of filling the memory. */
const MAX_WAITING = 100_000;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** What the thread keeps lives long or ends with its group; without a bound its garbage alone takes 48 MiB. */
const YOUNG_MIB = 8;

interface Waiting {
  readonly operations: readonly PreparedOperation[];
  readonly bytes: number;
  resolve(outcome: CommitOutcome): void;
  reject(error: Error): void;
}

export interface WriterClient {
  commit(operations: readonly PreparedOperation[]): Promise<CommitOutcome>;
  /** Lets the writer do what is due although nobody commits. */
  tick(): void;
  close(): Promise<void>;
}

type Group = Extract<FromWriter, { kind: "group" }>;

interface Dependencies {
  readonly start: WriterStart;
  readonly now: () => number;
  /** After a group is durable, before its commits resolve. */
  readonly onGroup: (group: Group) => void;
  /** After its commits have resolved. */
  readonly onReport: (report: GroupReport) => void;
  readonly onFailure: (commits: number, message: string) => void;
}

/** Starts the writer's thread. Rejects when it refuses to open the store. */
export async function startWriter(dependencies: Dependencies): Promise<WriterClient> {
  const entry = import.meta.url.endsWith(".ts") ? "./worker-from-source.mjs" : "./worker.js";
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData: dependencies.start,
    name: "skein-store",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  await ready(worker);
  return connect(worker, dependencies);
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: FromWriter) => {
      worker.removeListener("error", reject);
      if (message.kind === "ready") resolve();
      else if (message.kind === "refused") reject(new SkeinError("unavailable", message.message));
      else reject(new Error(`The writer began with ${message.kind}`));
    });
  });
}

/**
 * Commits of one turn of the event loop go as one batch. The writer takes all batches that wait for it as one group
 * and answers in order.
 */
function connect(worker: Worker, { now, onGroup, onReport, onFailure }: Dependencies): WriterClient {
  let unsent: Waiting[] = [];
  let sent: Waiting[] = [];
  let bytes = 0;
  let scheduled = false;
  let broken: Error | undefined;
  let closing: Promise<void> | undefined;

  const tell = (message: ToWriter, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  const send = () => {
    scheduled = false;
    if (broken) return;
    const batch = packBatch(
      now(),
      unsent.map(({ operations }) => operations),
    );
    for (const waiting of unsent) sent.push(waiting);
    unsent = [];
    tell(batch, [batch.bodies.buffer]);
  };

  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(send);
  };

  const answered = (count: number): Waiting[] => {
    const done = sent.slice(0, count);
    sent = sent.slice(count);
    for (const waiting of done) bytes -= waiting.bytes;
    return done;
  };

  const breakDown = (error: Error) => {
    if (broken) return;
    broken = error;
    for (const waiting of [...sent, ...unsent]) waiting.reject(error);
    sent = [];
    unsent = [];
  };

  worker.on("message", (message: FromWriter) => {
    if (message.kind === "group") {
      onGroup(message);
      const done = answered(message.report.commits);
      const commits = done.map(({ operations }) => operations);
      for (const [index, outcome] of unpackOutcomes(message.outcomes, commits).entries()) done[index]?.resolve(outcome);
      onReport(message.report);
    } else if (message.kind === "failed") {
      const error = new SkeinError("unavailable", `The store could not write: ${message.message}`);
      for (const waiting of answered(message.commits)) waiting.reject(error);
      onFailure(message.commits, message.message);
    }
  });
  worker.on("error", (cause) => breakDown(new SkeinError("unavailable", "The store's writer has failed", { cause })));
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      breakDown(new SkeinError("unavailable", "The store is closed"));
      resolve();
    });
  });

  return {
    commit(operations) {
      const size = bodyBytes(operations);
      if (broken) return Promise.reject(broken);
      if (sent.length + unsent.length >= MAX_WAITING || bytes + size > MAX_WAITING_BYTES)
        return Promise.reject(new SkeinError("unavailable", "The store has too much to write; try again"));
      bytes += size;
      schedule();
      return new Promise((resolve, reject) => unsent.push({ operations, bytes: size, resolve, reject }));
    },
    tick: schedule,
    close() {
      closing ??= (async () => {
        if (!broken) {
          if (unsent.length > 0) send();
          tell({ kind: "close" });
        }
        await exited;
      })();
      return closing;
    },
  };
}

function bodyBytes(operations: readonly PreparedOperation[]): number {
  let size = 0;
  for (const operation of operations)
    if (operation.kind === "append") for (const { byteLength } of operation.messages) size += byteLength;
    else if (operation.kind === "put-record") size += operation.json.length;
  return size;
}
