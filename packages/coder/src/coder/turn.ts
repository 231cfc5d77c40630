import { turnEndKey } from "@skein/sessions";
import type { CodingSessionTranscriptRow, PromptAttachment } from "@skein/sessions";
import type { RunHandle } from "@skein/runtime";
import { SkeinError } from "@skein/protocol";
import type { InboxRow, SignalRow } from "@skein/protocol";
import type { AgentTraits } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import type {
  AgentDriver,
  DriverAttachment,
  DriverEvent,
  DriverResponse,
  DriverRow,
  DriverSettings,
  TurnOutcome,
} from "../driver.ts";
import { createBlobKeeper } from "./blob-keeper.ts";
import type { BlobKeeper } from "./blob-keeper.ts";
import { createFlusher } from "./flusher.ts";
import type { Flusher } from "./flusher.ts";
import { createLiveDeltas } from "./live-deltas.ts";
import type { LiveDeltas } from "./live-deltas.ts";
import { giveTitle } from "./mirror.ts";
import { cancelledRow, pendingOf, settleWith } from "./pending.ts";
import type { PendingRequest } from "./pending.ts";
import type { AttachmentFiles } from "./prompt-input.ts";
import { readPrompt } from "./queue.ts";
import type { QueuedPrompt } from "./queue.ts";
import { applySetting, isSetting, leavePlanMode, settingsOf } from "./settings.ts";
import { moveCursor, promptIdOf, setStatus } from "./state.ts";
import type { CoderPass } from "./state.ts";
import { endOf, endRun, noteSession, promptRow } from "./turn-rows.ts";

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
  readonly traits: AgentTraits;
  readonly files: AttachmentFiles;
  /** The driver took a change of the session's settings over. */
  readonly onConfigured: (settings: DriverSettings) => void;
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
  /** What is being put into the turn, one after the other. */
  #steering: Promise<void> = Promise.resolve();
  #isEnding = false;
  #fetched: readonly DriverAttachment[] | SkeinError = [];
  #stalledSince: number | undefined;

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
    if (isSetting(message)) return this.#set(message);
    if (message.type === "steer") return this.#steer(message);
    const settled = settleWith(message, this.#pending, this.#deps.clock.now());
    if (settled === undefined) return false;
    if (this.#pending.get(settled.requestId)?.leavesPlan === true && isAllowed(settled.response)) {
      leavePlanMode(this.#pass, { ...settled.row, actor: message.from });
    }
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

  #set(message: InboxRow): boolean {
    const { ctx } = this.#pass;
    if (!applySetting(this.#pass, message, { traits: this.#deps.traits, now: this.#deps.clock.now() })) return false;
    const settings = settingsOf(ctx);
    const configure = async (): Promise<void> => {
      if ((await this.#driver.configure?.(settings)) === true) this.#deps.onConfigured(settings);
    };
    // Durable first. If it is refused, the flusher ends the driver; what the driver cannot do, the next one does.
    this.#flusher
      .now()
      .then(configure)
      .catch(() => undefined);
    return true;
  }

  #steer(message: InboxRow): boolean {
    const read = readPrompt(message);
    const steer = this.#driver.steer?.bind(this.#driver);
    if (steer === undefined || !this.#isPrompted || this.#isEnding || read.kind === "unreadable") return false;
    const promptId = promptIdOf(this.#pass.ctx, message.key);
    const put = async (): Promise<void> => {
      if (this.#pass.session.collections.transcript.has(promptId)) return;
      const { text, attachments = [] } = read;
      const fetched = await this.#deps.files.fetch(this.#pass.sessionId, attachments);
      // What is not taken stays in the queue. A row in front of the agent's word would keep it from being run there.
      if (!(await steer({ text, attachments: fetched }, { promptId }))) return;
      this.#insert(
        promptRow(promptId, { text, attachments, fetched }, { actor: message.from, ts: this.#deps.clock.now() }),
      );
      this.#flusher.soon(0);
    };
    // What could not be fetched fails when its turn comes, and says so there.
    this.#steering = this.#steering.then(put).catch(() => undefined);
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
    const { actor, text, attachments = [] } = this.#prompt;
    const fetched = await this.#fetch(attachments);
    this.#fetched = fetched;
    const said = { text, attachments, fetched: fetched instanceof SkeinError ? undefined : fetched };
    this.#insert(promptRow(this.#promptId, said, { actor, ts: this.#deps.clock.now() }));
    if (this.#pass.session.collections.sessionInfo.get("current")?.title === undefined) giveTitle(this.#pass, text);
    this.#showStatus();
    await this.#flusher.now();
  }

  async #fetch(attachments: readonly PromptAttachment[]): Promise<readonly DriverAttachment[] | SkeinError> {
    try {
      return await this.#deps.files.fetch(this.#pass.sessionId, attachments);
    } catch (error) {
      if (error instanceof SkeinError) return error;
      return new SkeinError("agent_failed", "What goes with the prompt could not be fetched.", { cause: error });
    }
  }

  async #drive(): Promise<TurnOutcome> {
    await this.#deps.atEdge("start", this.#promptId);
    if (this.#interruptedBy !== undefined) return { kind: "aborted", reason: "interrupted" };
    const attachments = this.#fetched;
    if (attachments instanceof SkeinError)
      return { kind: "failed", code: attachments.code, message: attachments.message };
    this.#isPrompted = true;
    let outcome: TurnOutcome = { kind: "failed", code: "agent_failed", message: "The agent ended without a word." };
    const options = { promptId: this.#promptId, runId: this.#run.key, signal: this.#pass.ctx.signal };
    for await (const event of this.#driver.prompt({ text: this.#prompt.text, attachments }, options)) {
      if (event.kind === "turn") outcome = event.outcome;
      else await this.#onEvent(event);
    }
    return outcome;
  }

  async #onEvent(event: Exclude<DriverEvent, { kind: "turn" }>): Promise<void> {
    if (event.kind !== "stalled" && this.#stalledSince !== undefined) this.#setStalled(undefined);
    switch (event.kind) {
      case "stalled":
        return this.#setStalled(event.since);
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

  #setStalled(since: number | undefined): void {
    this.#stalledSince = since;
    this.#showStatus();
    this.#flusher.soon(0);
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
    this.#isEnding = true;
    await this.#steering;
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
      promptRow: this.#promptId,
      runId: this.#run.key,
      ...(this.#stalledSince === undefined ? {} : { stalledSince: this.#stalledSince }),
      ...(pending.length === 0 ? { status: "running" } : { status: "waiting", pending }),
    });
  }
}

function isAllowed(response: DriverResponse): boolean {
  return response.kind === "permission" && response.decision !== "deny";
}
