import type { Normalised } from "@skein/sessions";
import { TIMING, within } from "../drive/timing.ts";
import type { Timing } from "../drive/timing.ts";
import { watchTurn } from "../drive/watch-turn.ts";
import type { Watchdog } from "../drive/watchdog.ts";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverOptions, PromptInput, TurnOutcome } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import type { ThreadListener } from "./app-server.ts";
import { readNotification } from "./messages.ts";
import type { Notification } from "./messages.ts";
import { showDelta, showPartial, showRetry } from "./read-turn.ts";
import { readRequest } from "./requests.ts";
import { askToStop, codexInput, completeTurn, failureOf, readFile, startTurn } from "./run-turn.ts";
import type { RunDeps } from "./run-turn.ts";
import { closeThread, endCommands, openThread } from "./thread.ts";
import type { OpenThread, ThreadDeps } from "./thread.ts";
import { createThreadSlot } from "./thread-slot.ts";
import type { ThreadSlot } from "./thread-slot.ts";
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
  readonly readSession: (path: string) => AsyncIterable<{ readonly normalised: Normalised }>;
  readonly timing?: Partial<Timing> | undefined;
}

/** How long an interrupted turn may go on behind its end, before all of Codex is ended. */
const STUCK_MS = 4000;
const CLEAN_MS = 500;

export function createCodexDriver(deps: CodexDriverDeps, options: DriverOptions): AgentDriver {
  return new CodexDriver(deps, options);
}

class CodexDriver implements AgentDriver {
  readonly #deps: CodexDriverDeps;
  readonly #run: RunDeps;
  readonly #timing: Timing;
  readonly #slot: ThreadSlot;
  #options: DriverOptions;
  #unlisten: () => void = () => {};
  #turn: CodexTurn | undefined;
  #settled: (() => void) | undefined;
  #watchdog: Watchdog | undefined;
  #closed = false;

  constructor(deps: CodexDriverDeps, options: DriverOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#timing = { ...TIMING, ...deps.timing };
    this.#slot = createThreadSlot({ open: () => this.#open(), end: (thread) => this.#end(thread) });
    const { clock, readSession } = deps;
    this.#run = { clock, readSession, nested: new Set(), aborted: () => this.#aborted() };
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
      const isNew = this.#slot.current() === undefined;
      const thread = turn.isOver() ? undefined : await this.#readyFor(turn);
      // The reader keeps it before the thread is written to.
      if (isNew && thread !== undefined) yield sessionEvent(thread);
      const { permissionMode } = this.#options;
      if (thread !== undefined && !turn.isOver())
        void startTurn(this.#run, { turn, thread }, { input, permissionMode });
      yield* turn.events;
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", stop);
      if (!turn.isOver()) await this.interrupt();
    }
  }

  async steer(input: PromptInput, { promptId }: { readonly promptId: string }): Promise<boolean> {
    const turn = this.#turn;
    const thread = this.#slot.current();
    if (turn?.id === undefined || turn.isOver() || turn.interrupted || thread === undefined) return false;
    const about = { threadId: thread.id, expectedTurnId: turn.id, clientUserMessageId: promptId };
    // Its row is the coder's, as a prompt's is.
    turn.steered.set(promptId, new Set());
    // Refused when the turn is over by now, or is of a kind that takes nothing.
    const isTaken = await thread.server.request("turn/steer", { ...about, input: codexInput(input) }).then(
      () => true,
      () => false,
    );
    // What is said after its answer is said to this.
    turn.steered.set(promptId, new Set(turn.partial.keys()));
    return isTaken;
  }

  async interrupt(): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || turn.isOver()) return;
    turn.interrupted = true;
    const thread = this.#slot.current();
    if (thread === undefined) return turn.finish(this.#aborted());
    askToStop(turn, thread);
    await this.#within(this.#timing.interruptMs, turn.ended);
    const isStuck = !turn.isOver();
    if (isStuck) {
      showPartial(turn, this.#deps.clock.now());
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
    await this.#slot.close();
  }

  async #readyFor(turn: CodexTurn): Promise<OpenThread | undefined> {
    try {
      const opened = await Promise.race([this.#slot.ready(), turn.ended]);
      return opened ?? undefined;
    } catch (error) {
      turn.finish(failureOf(error));
      return undefined;
    }
  }

  async #open(): Promise<OpenThread> {
    const thread = await openThread(this.#deps, this.#options);
    this.#unlisten = thread.server.listen(thread.id, this.#listener(thread));
    this.#options = { ...this.#options, native: { kind: "own", id: thread.id } };
    return thread;
  }

  async #end(thread: OpenThread | undefined): Promise<void> {
    if (thread !== undefined) {
      await closeThread(thread, (work) => this.#within(CLEAN_MS, work));
      this.#unlisten();
      await this.#deps.servers.giveBack(thread.server);
    }
    await this.#deps.reaper.endSession(this.#options.sessionId);
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
    if (turnOf(read) !== turn.id) return;
    if (read.method === "turn/completed") {
      this.#settled?.();
      void completeTurn(this.#run, { turn, thread }, read.params.turn);
    } else if (turn.isOver()) return;
    else if (read.method === "item/started") turn.changes.set(read.params.item.id, read.params.item["changes"]);
    else if (read.method !== "error") showDelta(turn, read);
    else if (read.params.willRetry) showRetry(turn, read.params.error, this.#deps.clock.now());
  }

  async #onRequest(
    { id, method, params }: { id: string | number; method: string; params: unknown },
    thread: OpenThread,
  ): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || turn.isOver()) return thread.server.refuse(id, "No turn is running.");
    // The call's own row comes first.
    await readFile(turn, thread);
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
    if (this.#slot.current() !== thread) return;
    const turn = this.#turn;
    if (turn !== undefined && !turn.isOver()) {
      await readFile(turn, thread);
      showPartial(turn, this.#deps.clock.now());
      const outcome = turn.interrupted || this.#closed ? this.#aborted() : undefined;
      turn.finish(outcome ?? { kind: "failed", code: "agent_failed", message: reason });
    }
    // Whoever opens the next thread, or closes the session, is told of a failure.
    await this.#slot.drop().catch(() => undefined);
  }

  /** The turn is over for us and not for Codex. All sessions share its process, so it gets a while longer. */
  async #unstick(thread: OpenThread): Promise<void> {
    let isSettled = false;
    const settled = new Promise<void>((resolve) => {
      this.#settled = () => {
        isSettled = true;
        resolve();
      };
    });
    await this.#within(STUCK_MS, settled);
    if (!isSettled) await thread.server.end({ force: true });
  }

  #aborted(): TurnOutcome {
    return { kind: "aborted", reason: this.#closed ? "stopped" : "interrupted" };
  }

  #watch(turn: CodexTurn): Watchdog {
    return watchTurn(turn, {
      clock: this.#deps.clock,
      timing: this.#timing,
      name: "Codex",
      emit: (event) => turn.events.push(event),
      giveUp: (message) => {
        turn.finish({ kind: "failed", code: "agent_failed", message });
        const thread = this.#slot.current();
        if (thread === undefined) return;
        askToStop(turn, thread);
        void this.#slot.drop();
      },
    });
  }

  #within(ms: number, work: Promise<unknown>): Promise<void> {
    return within(this.#deps.clock, ms, work);
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
