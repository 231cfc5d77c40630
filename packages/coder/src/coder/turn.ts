import { turnEndKey } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import type { RunHandle } from "@skein/runtime";
import type { InboxRow, SignalRow } from "@skein/protocol";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverEvent, DriverRow, TurnOutcome } from "../driver.ts";
import { createBlobKeeper } from "./blob-keeper.ts";
import type { BlobKeeper } from "./blob-keeper.ts";
import { createFlusher } from "./flusher.ts";
import type { Flusher } from "./flusher.ts";
import { createLiveDeltas } from "./live-deltas.ts";
import type { LiveDeltas } from "./live-deltas.ts";
import { giveTitle } from "./mirror.ts";
import { cancelledRow, pendingOf, settleWith } from "./pending.ts";
import type { PendingRequest } from "./pending.ts";
import type { QueuedPrompt } from "./queue.ts";
import { moveCursor, NATIVE_SESSION_TAG, promptIdOf, setStatus } from "./state.ts";
import type { CoderPass } from "./state.ts";

/**
 * Runs one prompt.
 *
 * - The prompt's row, the status and the run are durable before the agent gets it.
 * - Rows are committed in batches while it runs; a request is durable before anybody can answer it, and an answer
 *   before the agent gets it.
 * - The end is one commit: last rows, requests that died, status, cursor, run.
 */
export interface TurnDeps {
  readonly clock: Clock;
  /** When the prompt is in the history and before the agent has it, and when the agent is done. */
  readonly atEdge: (edge: "start" | "end", turn: string) => Promise<void>;
  /** Before the last commit, for what goes with it. */
  readonly beforeEnd: () => Promise<void>;
}

/** A turn that runs: what arrives from people meanwhile goes in here. */
export interface RunningTurn {
  /** True when the message answered a request of this turn. */
  onMessage(row: InboxRow): boolean;
  onSignal(row: SignalRow): void;
  readonly outcome: Promise<TurnOutcome>;
}

export function runTurn(pass: CoderPass, driver: AgentDriver, prompt: QueuedPrompt, deps: TurnDeps): RunningTurn {
  return new CoderTurn(pass, driver, prompt, deps);
}

class CoderTurn implements RunningTurn {
  readonly outcome: Promise<TurnOutcome>;
  readonly #pass: CoderPass;
  readonly #driver: AgentDriver;
  readonly #prompt: QueuedPrompt;
  readonly #deps: TurnDeps;
  readonly #promptId: string;
  readonly #run: RunHandle;
  readonly #flusher: Flusher;
  readonly #live: LiveDeltas;
  readonly #blobs: BlobKeeper;
  readonly #pending = new Map<string, PendingRequest>();
  /** What the agent said last, for those who wait for the run. */
  #said: string[] = [];
  #interruptedBy: string | undefined;
  /** Somebody may say stop before the agent has the prompt: then it does not get it. */
  #isPrompted = false;
  #toldFailure = false;

  constructor(pass: CoderPass, driver: AgentDriver, prompt: QueuedPrompt, deps: TurnDeps) {
    const { ctx, session } = pass;
    const { clock } = deps;
    this.#pass = pass;
    this.#driver = driver;
    this.#prompt = prompt;
    this.#deps = deps;
    this.#promptId = promptIdOf(ctx, prompt.key);
    this.#run = ctx.recordRun();
    // Refused: the claim is lost. The pool that owns the driver ends it again, and is told if that fails.
    const onRefused = (): void => void driver.close().catch(() => undefined);
    this.#flusher = createFlusher({ clock, flush: () => ctx.flush(), onRefused });
    this.#blobs = createBlobKeeper({ put: (blob) => session.blob(blob), log: ctx.log });
    this.#live = createLiveDeltas({ clock, send: (events) => session.live(events) });
    this.outcome = this.#perform();
  }

  onMessage(message: InboxRow): boolean {
    const settled = settleWith(message, this.#pending, this.#deps.clock.now());
    if (settled === undefined) return false;
    this.#pending.delete(settled.requestId);
    this.#insert(settled.row);
    this.#showStatus();
    // Durable first. If it is refused, the flusher ends the driver.
    void this.#flusher.now().then(
      () => this.#driver.respond(settled.requestId, settled.response),
      () => undefined,
    );
    return true;
  }

  onSignal(signal: SignalRow): void {
    if (signal.signal !== "interrupt" && signal.signal !== "stop") return;
    this.#interruptedBy ??= signal.from;
    if (!this.#isPrompted) return;
    this.#driver.interrupt().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : "unknown";
      this.#pass.ctx.log("error", `The agent's commands could not be ended: ${reason}`);
    });
  }

  async #perform(): Promise<TurnOutcome> {
    try {
      await this.#begin();
      const outcome = await this.#drive();
      await this.#end(outcome);
      return outcome;
    } finally {
      this.#flusher.stop();
      this.#live.stop();
    }
  }

  async #begin(): Promise<void> {
    const { actor, text } = this.#prompt;
    const payload = { v: 1, type: "user_message", text } as const;
    this.#insert({ key: this.#promptId, ts: this.#deps.clock.now(), type: payload.type, actor, payload });
    if (this.#pass.session.collections.sessionInfo.get("current")?.title === undefined) giveTitle(this.#pass, text);
    this.#showStatus();
    await this.#flusher.now();
  }

  async #drive(): Promise<TurnOutcome> {
    await this.#deps.atEdge("start", this.#promptId);
    if (this.#interruptedBy !== undefined) return { kind: "aborted", reason: "interrupted" };
    this.#isPrompted = true;
    let outcome: TurnOutcome = { kind: "failed", code: "agent_failed", message: "The agent ended without a word." };
    const options = { promptId: this.#promptId, runId: this.#run.key, signal: this.#pass.ctx.signal };
    for await (const event of this.#driver.prompt({ text: this.#prompt.text }, options)) {
      if (event.kind === "turn") outcome = event.outcome;
      else await this.#onEvent(event);
    }
    return outcome;
  }

  async #onEvent(event: Exclude<DriverEvent, { kind: "turn" }>): Promise<void> {
    switch (event.kind) {
      case "session":
        // The agent writes under a new id from now on: it must not be lost.
        return noteSession(this.#pass, event) ? this.#flusher.now() : undefined;
      case "row":
        await this.#blobs.keep([event.row]);
        return this.#onRow(event.row);
      case "blob":
        return this.#blobs.add(event.blob);
      case "delta":
        return this.#live.add({ ...event.delta, runId: this.#run.key });
      case "native":
        return;
      case "waiting":
        this.#pending.set(event.requestId, pendingOf(event.requestId, event.row));
        this.#insert(event.row);
        this.#showStatus();
        return this.#flusher.now();
    }
  }

  #onRow(row: DriverRow): void {
    const { payload, parentCallId, liveKey } = row;
    if (liveKey !== undefined) this.#live.complete(liveKey);
    if (payload.type === "assistant_message" && parentCallId === undefined) this.#said.push(payload.text);
    if (payload.type === "tool_call" && parentCallId === undefined) this.#said = [];
    if (payload.type === "error" && payload.retryable !== true) this.#toldFailure = true;
    this.#insert(row);
    this.#flusher.soon(JSON.stringify(row).length);
  }

  async #end(outcome: TurnOutcome): Promise<void> {
    const { ctx } = this.#pass;
    // In front of the row that ends the turn: a fork behind that row has it.
    await this.#deps.atEdge("end", this.#promptId);
    const now = this.#deps.clock.now();
    for (const request of this.#pending.values()) this.#insert(cancelledRow(request, now));
    this.#pending.clear();
    if (outcome.kind === "failed" && !this.#toldFailure) {
      const payload = { v: 1, type: "error", code: outcome.code, message: outcome.message } as const;
      this.#insert({ key: `${this.#promptId}:error`, ts: now, type: payload.type, payload });
    }
    const payload = endOf(outcome, this.#interruptedBy);
    this.#insert({ key: turnEndKey(this.#promptId), ts: now, type: payload.type, payload });
    const error = outcome.kind === "failed" ? { code: outcome.code, message: outcome.message } : undefined;
    setStatus(ctx, now, error === undefined ? { status: "idle" } : { status: "error", error });
    moveCursor(ctx, this.#prompt);
    endRun(this.#run, outcome, this.#said);
    await this.#deps.beforeEnd();
    await this.#flusher.now();
  }

  #insert(row: DriverRow | CodingSessionTranscriptRow): void {
    const { transcript } = this.#pass.session.collections;
    if (transcript.has(row.key)) return;
    transcript.insert({ ...row, runId: this.#run.key, promptId: this.#prompt.key });
  }

  #showStatus(): void {
    const pending = [...this.#pending.values()].map(({ requestId, kind, callId }) => ({
      requestId,
      kind,
      ...(callId === undefined ? {} : { callId }),
    }));
    setStatus(this.#pass.ctx, this.#deps.clock.now(), {
      currentPrompt: this.#prompt.key,
      runId: this.#run.key,
      ...(pending.length === 0 ? { status: "running" } : { status: "waiting", pending }),
    });
  }
}

/** True when the agent's session has another id than was known. */
function noteSession(pass: CoderPass, event: Extract<DriverEvent, { kind: "session" }>): boolean {
  const { ctx, session, native } = pass;
  const isNew = event.nativeSessionId !== native.id;
  if (isNew) {
    ctx.state.native.upsert({ ...ctx.state.native.get("current"), key: "current", id: event.nativeSessionId });
    ctx.setTag(NATIVE_SESSION_TAG, event.nativeSessionId);
  }
  const { sessionInfo } = session.collections;
  const info = sessionInfo.get("current");
  const model = event.model ?? info?.model;
  if (info === undefined || (info.nativeSessionId === event.nativeSessionId && info.model === model)) return isNew;
  const known = model === undefined ? {} : { model };
  sessionInfo.update("current", (row) => ({ ...row, nativeSessionId: event.nativeSessionId, ...known }));
  return isNew;
}

function endOf(outcome: TurnOutcome, interruptedBy: string | undefined): CodingSessionTranscriptRow["payload"] {
  if (outcome.kind === "aborted") {
    const user = interruptedBy === undefined ? {} : { user: interruptedBy };
    return { v: 1, type: "turn_aborted", reason: outcome.reason, ...user };
  }
  const { usage, durationMs } = outcome;
  return {
    v: 1,
    type: "turn_complete",
    success: outcome.kind === "completed",
    ...(usage === undefined ? {} : { usage }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}

/** Characters: the whole is in the transcript. */
const MAX_RESPONSE = 64 * 1024;

function endRun(run: RunHandle, outcome: TurnOutcome, said: readonly string[]): void {
  if (said.length > 0) run.attachResponse(said.join("\n\n").slice(0, MAX_RESPONSE));
  switch (outcome.kind) {
    case "completed":
      return run.end({ status: "completed", finishReason: "stop" });
    case "aborted":
      return run.end({ status: "failed", finishReason: "aborted", error: outcome.reason });
    case "failed":
      return run.end({ status: "failed", finishReason: "error", error: outcome.message });
  }
}
