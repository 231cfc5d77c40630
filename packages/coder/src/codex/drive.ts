import { SkeinError } from "@skein/protocol";
import type { Normalised } from "@skein/sessions";
import type { Timing } from "../claude/drive.ts";
import { createWatchdog } from "../claude/watchdog.ts";
import type { Watchdog } from "../claude/watchdog.ts";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverOptions, PromptInput, TurnOutcome } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import type { ThreadListener } from "./app-server.ts";
import { readNotification, startedTurn } from "./messages.ts";
import type { Notification } from "./messages.ts";
import { classifyCodexFailure } from "./outcome.ts";
import { showDelta, showPartial, showRecord, showRetry } from "./read-turn.ts";
import { readRequest } from "./requests.ts";
import { closeThread, endCommands, openThread } from "./thread.ts";
import type { OpenThread, ThreadDeps } from "./thread.ts";
import { createCodexTurn } from "./turn.ts";
import type { CodexTurn } from "./turn.ts";

/**
 * Drives one session of Codex as a thread of the app server that all sessions share.
 *
 * - What streams comes from notifications; rows come from the rollout that Codex writes, so they are the rows that a
 *   later reading of the file gives.
 * - A prompt goes in under an id of ours, which its row in the file has too.
 * - Whatever happens to the process, a turn ends with exactly one `turn` event; the next prompt resumes the thread.
 * - After `close`, and after a turn that was interrupted, nothing that the thread's commands started is left.
 */
export interface CodexDriverDeps extends ThreadDeps {
  readonly clock: Clock;
  readonly reaper: Reaper;
  /** A whole session, with the threads of agents that the agent started. */
  readonly readSession: (path: string) => AsyncIterable<{ readonly normalised: Normalised }>;
  readonly timing?: Partial<Timing> | undefined;
}

const TIMING: Timing = { interruptMs: 700, stallNoticeMs: 120_000, stallAbortMs: 1_800_000 };
const LOOK_EVERY_MS = 50;
/** How long the file may lag behind the word that the turn is over. */
const FILE_LAG_MS = 1500;
const FILE_LAG_INTERRUPTED_MS = 200;
/** How long an interrupted turn may go on behind its end, before all of Codex is ended. */
const STUCK_MS = 4000;
const CLEAN_MS = 500;

export function createCodexDriver(deps: CodexDriverDeps, options: DriverOptions): AgentDriver {
  return new CodexDriver(deps, options);
}

class CodexDriver implements AgentDriver {
  readonly #deps: CodexDriverDeps;
  readonly #timing: Timing;
  readonly #nested = new Set<string>();
  #options: DriverOptions;
  #thread: OpenThread | undefined;
  #opening: Promise<OpenThread> | undefined;
  #unlisten: () => void = () => {};
  /** The end of a thread that is on its way: the next one waits for it. */
  #ending: Promise<void> = Promise.resolve();
  #turn: CodexTurn | undefined;
  #settled: (() => void) | undefined;
  #watchdog: Watchdog | undefined;
  #closed = false;

  constructor(deps: CodexDriverDeps, options: DriverOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#timing = { ...TIMING, ...deps.timing };
  }

  get nativeSessionId(): string | undefined {
    return this.#options.native.id;
  }

  async *prompt(input: PromptInput, { promptId, signal }: Parameters<AgentDriver["prompt"]>[1]) {
    if (this.#turn !== undefined && !this.#turn.isOver()) throw new Error("A turn is running.");
    const turn = createCodexTurn(promptId);
    this.#turn = turn;
    const watchdog = this.#watch(turn);
    this.#watchdog = watchdog;
    // A failure to end everything is told by the next `close`, which whoever aborts calls.
    const stop = (): void => void this.close().catch(() => undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted || this.#closed) turn.finish({ kind: "aborted", reason: "stopped" });
      const isNew = this.#thread === undefined;
      const thread = turn.isOver() ? undefined : await this.#readyFor(turn);
      // The reader keeps it before the thread is written to.
      if (isNew && thread !== undefined) yield sessionEvent(thread);
      if (thread !== undefined && !turn.isOver()) void this.#start(turn, thread, input.text);
      yield* turn.events;
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", stop);
      if (!turn.isOver()) await this.interrupt();
    }
  }

  async interrupt(): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || turn.isOver()) return;
    turn.interrupted = true;
    const thread = this.#thread;
    if (thread === undefined) return turn.finish(this.#aborted());
    this.#askToStop(turn, thread);
    await this.#within(this.#timing.interruptMs, turn.ended);
    const isStuck = !turn.isOver();
    if (isStuck) {
      showPartial(turn, this.#deps.clock);
      turn.finish(this.#aborted());
      await this.#unstick(thread);
    }
    await this.#within(CLEAN_MS, endCommands(thread.server, thread.id));
    await this.#deps.reaper.endSession(this.#options.sessionId);
  }

  respond(requestId: string, response: Parameters<AgentDriver["respond"]>[1]): Promise<void> {
    this.#turn?.answer(requestId, response);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.interrupt();
    await this.#opening?.catch(() => undefined);
    await this.#drop();
  }

  async #readyFor(turn: CodexTurn): Promise<OpenThread | undefined> {
    try {
      const opened = await Promise.race([this.#ready(), turn.ended]);
      return opened ?? undefined;
    } catch (error) {
      turn.finish(failureOf(error));
      return undefined;
    }
  }

  #ready(): Promise<OpenThread> {
    if (this.#thread !== undefined) return Promise.resolve(this.#thread);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<OpenThread> {
    await this.#ending;
    const thread = await openThread(this.#deps, this.#options);
    this.#unlisten = thread.server.listen(thread.id, this.#listener(thread));
    this.#thread = thread;
    this.#options = { ...this.#options, native: { kind: "own", id: thread.id } };
    return thread;
  }

  async #start(turn: CodexTurn, thread: OpenThread, text: string): Promise<void> {
    const input = [{ type: "text", text, text_elements: [] }];
    try {
      const asked = { threadId: thread.id, clientUserMessageId: turn.promptId, input };
      const { turn: started } = startedTurn.parse(await thread.server.request("turn/start", asked));
      turn.id ??= started.id;
      if (turn.interrupted) this.#askToStop(turn, thread);
    } catch (error) {
      return turn.finish(turn.interrupted ? this.#aborted() : failureOf(error));
    }
    void this.#look(turn, thread);
  }

  /** Looks at the file again and again while the turn runs. */
  async #look(turn: CodexTurn, thread: OpenThread): Promise<void> {
    while (!turn.isOver() && this.#thread === thread) {
      await this.#read(turn, thread);
      await this.#within(LOOK_EVERY_MS, turn.ended);
    }
  }

  async #read(turn: CodexTurn, thread: OpenThread): Promise<void> {
    try {
      for (const record of await thread.tail.read()) showRecord(turn, record);
    } catch (error) {
      turn.finish(failureOf(error));
    }
  }

  #listener(thread: OpenThread): ThreadListener {
    return {
      notification: (method, params) => {
        this.#watchdog?.beat();
        const read = readNotification(method, params);
        if (read !== undefined) this.#onNotification(read, thread);
      },
      request: (id, method, params) => {
        void this.#onRequest({ id, method, params }, thread);
      },
      ended: (reason) => {
        void this.#onServerEnd(thread, reason);
      },
    };
  }

  #onNotification(read: Notification, thread: OpenThread): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    if (read.method === "turn/started") turn.id ??= read.params.turn.id;
    const about = turnOf(read);
    if (about !== turn.id) return;
    if (read.method === "turn/completed") {
      this.#settled?.();
      void this.#complete(turn, thread, read.params.turn);
    } else if (turn.isOver()) return;
    else if (read.method === "item/started") turn.changes.set(read.params.item.id, read.params.item["changes"]);
    else if (read.method !== "error") showDelta(turn, read);
    else if (read.params.willRetry) showRetry(turn, read.params.error, this.#deps.clock.now());
  }

  async #complete(
    turn: CodexTurn,
    thread: OpenThread,
    ended: Extract<Notification, { method: "turn/completed" }>["params"]["turn"],
  ): Promise<void> {
    const { clock } = this.#deps;
    const interrupted = ended.status === "interrupted";
    const until = clock.now() + (interrupted ? FILE_LAG_INTERRUPTED_MS : FILE_LAG_MS);
    await this.#read(turn, thread);
    while (turn.end === undefined && !turn.isOver() && clock.now() < until) {
      await this.#within(10, turn.ended);
      await this.#read(turn, thread);
    }
    if (turn.hasAgents) await this.#readAgents(turn, thread);
    if (ended.status === "completed") return turn.finish({ kind: "completed", ...told(turn, ended.durationMs) });
    showPartial(turn, clock);
    if (interrupted) return turn.finish(this.#aborted());
    const failure = classifyCodexFailure(ended.error ?? { message: "Codex ended the turn with an error." });
    turn.finish({ kind: "failed", ...failure, ...told(turn, ended.durationMs) });
  }

  /** What the agent's agents did stands in files of their own, which are whole when the turn is over. */
  async #readAgents(turn: CodexTurn, { path }: OpenThread): Promise<void> {
    try {
      for await (const { normalised } of this.#deps.readSession(path)) {
        const rows = normalised.rows.filter(
          ({ parentCallId, key }) => parentCallId !== undefined && !this.#nested.has(key),
        );
        for (const { key } of rows) this.#nested.add(key);
        if (rows.length > 0) showRecord(turn, { rows, blobs: normalised.blobs });
      }
    } catch {
      // The session's own rows are there; those of its agents are read with the file when it is met again.
    }
  }

  async #onRequest(
    { id, method, params }: { id: string | number; method: string; params: unknown },
    thread: OpenThread,
  ): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || turn.isOver()) return thread.server.refuse(id, "No turn is running.");
    // The call's own row comes first.
    await this.#read(turn, thread);
    const request = readRequest(method, params, {
      rpcId: id,
      now: this.#deps.clock.now(),
      callOf: (callId) => turn.calls.get(callId),
      changesOf: (itemId) => turn.changes.get(itemId),
    });
    if (request === undefined) return thread.server.refuse(id, "This client cannot answer that.");
    if (!turn.isOver()) turn.events.push({ kind: "waiting", requestId: request.requestId, row: request.row });
    turn.ask(request, (answer) => thread.server.respond(id, answer));
  }

  async #onServerEnd(thread: OpenThread, reason: string): Promise<void> {
    this.#settled?.();
    if (this.#thread !== thread) return;
    const turn = this.#turn;
    if (turn !== undefined && !turn.isOver()) {
      await this.#read(turn, thread);
      showPartial(turn, this.#deps.clock);
      const outcome = turn.interrupted || this.#closed ? this.#aborted() : undefined;
      turn.finish(outcome ?? { kind: "failed", code: "agent_failed", message: reason });
    }
    await this.#drop().catch(() => undefined);
  }

  #askToStop(turn: CodexTurn, thread: OpenThread): void {
    if (turn.id === undefined) return; // it is asked when the turn has begun
    // Refused when the turn is over already.
    thread.server.request("turn/interrupt", { threadId: thread.id, turnId: turn.id }).catch(() => undefined);
  }

  /** The turn is over for us and not for Codex. All sessions share its process, so it gets a while longer. */
  async #unstick(thread: OpenThread): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve;
    });
    let isSettled = false;
    void settled.then(() => (isSettled = true));
    await this.#within(STUCK_MS, settled);
    if (!isSettled) await thread.server.end({ force: true });
  }

  #drop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    const before = this.#ending.catch(() => undefined);
    this.#ending = before.then(() => this.#end(thread));
    this.#ending.catch(() => undefined);
    return this.#ending;
  }

  async #end(thread: OpenThread | undefined): Promise<void> {
    if (thread !== undefined) {
      await closeThread(thread, (work) => this.#within(CLEAN_MS, work));
      this.#unlisten();
      await this.#deps.servers.giveBack(thread.server);
    }
    await this.#deps.reaper.endSession(this.#options.sessionId);
  }

  #aborted(): TurnOutcome {
    return { kind: "aborted", reason: this.#closed ? "stopped" : "interrupted" };
  }

  #watch(turn: CodexTurn): Watchdog {
    const { clock } = this.#deps;
    return createWatchdog({
      clock,
      noticeMs: this.#timing.stallNoticeMs,
      abortMs: this.#timing.stallAbortMs,
      isExcused: () => turn.isWaiting() || turn.openCalls.size > 0,
      onNotice: (silentMs) => {
        const text = `Nothing came from Codex for ${String(Math.round(silentMs / 1000))} s.`;
        const payload = { v: 1, type: "notice", kind: "stall", text } as const;
        const ts = clock.now();
        const row = { key: `${turn.promptId}:stall:${String(ts)}`, ts, type: payload.type, payload };
        turn.events.push({ kind: "row", row });
      },
      onAbort: () => {
        turn.finish({ kind: "failed", code: "agent_failed", message: "Codex stopped answering." });
        const thread = this.#thread;
        if (thread === undefined) return;
        this.#askToStop(turn, thread);
        void this.#drop();
      },
    });
  }

  /** Waits for work that may hang or fail, and no longer than that. */
  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = this.#deps.clock.after(ms, resolve);
    });
    await Promise.race([work.catch(() => undefined), tooLong]);
    cancel();
  }
}

function turnOf(read: Notification): string {
  const isEnd = read.method === "turn/started" || read.method === "turn/completed";
  return isEnd ? read.params.turn.id : read.params.turnId;
}

function sessionEvent({ id: nativeSessionId, model, agentVersion }: OpenThread) {
  return {
    kind: "session",
    nativeSessionId,
    ...(model === undefined ? {} : { model }),
    ...(agentVersion === undefined ? {} : { agentVersion }),
  } as const;
}

/** What the file says of the turn as a whole. */
function told({ end }: CodexTurn, durationMs: number | null | undefined) {
  const usage = end?.payload.type === "turn_complete" ? end.payload.usage : undefined;
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(typeof durationMs === "number" ? { durationMs } : {}),
  };
}

function failureOf(error: unknown): TurnOutcome {
  if (error instanceof SkeinError) return { kind: "failed", code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : "Codex could not be started.";
  return { kind: "failed", ...classifyCodexFailure({ message }) };
}
