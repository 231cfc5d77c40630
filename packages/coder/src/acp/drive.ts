import { methods } from "@agentclientprotocol/sdk";
import { acpPromptEnd, createAcpNormaliser } from "@skein/sessions";
import type { AcpNormaliser, NativeTranscriptRow, Normalised } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import { createAgentSlot } from "../drive/agent-slot.ts";
import type { AgentSlot } from "../drive/agent-slot.ts";
import { promptParts } from "../drive/prompt-parts.ts";
import { TIMING, within } from "../drive/timing.ts";
import type { Timing } from "../drive/timing.ts";
import { watchTurn } from "../drive/watch-turn.ts";
import type { Watchdog } from "../drive/watchdog.ts";
import type { AgentDriver, DriverOptions, DriverResponse, DriverRow, PromptInput, TurnOutcome } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import { updateParams } from "./messages.ts";
import { failureOf, outcomeOf } from "./outcome.ts";
import type { AcpPreset } from "./presets.ts";
import { wordsOf } from "./process.ts";
import type { AcpProcess, AcpProcessOptions, AskMethod } from "./process.ts";
import { createAcpRequests } from "./requests.ts";
import type { AcpRequests } from "./requests.ts";
import { openSession } from "./session.ts";
import type { AcpSession } from "./session.ts";
import { createAcpTurn } from "./turn.ts";
import type { AcpTurn } from "./turn.ts";

/**
 * Drives one session of an agent that speaks ACP, in a process of its own.
 *
 * - What needs leave is decided by our permission mode where the agent asks at all; the agent's own mode is set to one
 *   that asks, where it is known to have one.
 * - Whatever the process does, a turn ends with exactly one `turn` event; the next prompt resumes the session, if the
 *   agent can.
 * - After `close`, and after a turn that was interrupted, nothing that the agent's commands started is left.
 */
export interface AcpDriverDeps {
  readonly agent: string;
  readonly preset: AcpPreset;
  readonly clock: Clock;
  readonly reaper: Reaper;
  /** Starts the agent for a session; throws `agent_not_installed`. */
  readonly start: (
    session: Pick<DriverOptions, "sessionId" | "cwd">,
    on: Pick<AcpProcessOptions, "onUpdate" | "onAsk" | "onEnd">,
  ) => Promise<AcpProcess>;
  readonly timing?: Partial<Timing> | undefined;
}

/** How long a call that was announced may take to tell its input. */
const SETTLE_MS = 150;

export function createAcpDriver(deps: AcpDriverDeps, options: DriverOptions): AgentDriver {
  return new AcpDriver(deps, options);
}

class AcpDriver implements AgentDriver {
  readonly #deps: AcpDriverDeps;
  readonly #timing: Timing;
  readonly #slot: AgentSlot<AcpSession>;
  readonly #normaliser: AcpNormaliser;
  readonly #requests: AcpRequests;
  #options: DriverOptions;
  #turn: AcpTurn | undefined;
  #watchdog: Watchdog | undefined;
  /** The end of an interrupt: what commands had started. */
  #settling: Promise<void> = Promise.resolve();
  #cancelSettle: (() => void) | undefined;
  #closed = false;

  constructor(deps: AcpDriverDeps, options: DriverOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#timing = { ...TIMING, ...deps.timing };
    this.#normaliser = createAcpNormaliser({ agent: deps.agent });
    this.#requests = createAcpRequests({
      clock: deps.clock,
      normaliser: this.#normaliser,
      permissionMode: options.permissionMode,
      show: (turn, normalised) => this.#show(turn, normalised),
    });
    this.#slot = createAgentSlot({
      open: () => this.#open(),
      clear: () => deps.reaper.endSession(options.sessionId),
    });
  }

  get nativeSessionId(): string {
    return this.#options.native.id;
  }

  async *prompt(input: PromptInput, { promptId, signal }: Parameters<AgentDriver["prompt"]>[1]) {
    if (this.#turn !== undefined && !this.#turn.isOver()) throw new Error("A turn is running.");
    const turn = createAcpTurn(promptId);
    this.#turn = turn;
    this.#normaliser.begin(promptId);
    const watchdog = this.#watch(turn);
    this.#watchdog = watchdog;
    // A failure to end everything is told by the next `close`, which whoever aborts calls.
    const stop = (): void => void this.close().catch(() => undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted || this.#closed) turn.finish({ kind: "aborted", reason: "stopped" });
      const isNew = this.#slot.current() === undefined;
      const session = turn.isOver() ? undefined : await this.#readyFor(turn);
      // The reader keeps it before the session is written to.
      if (isNew && session !== undefined) yield sessionEvent(session);
      if (session?.lost === true && isNew) yield { kind: "row", row: this.#lostRow(turn) } as const;
      if (session !== undefined && !turn.isOver()) void this.#run(turn, session, input);
      yield* turn.events;
    } finally {
      watchdog.stop();
      this.#cancelSettle?.();
      signal.removeEventListener("abort", stop);
      if (!turn.isOver()) await this.interrupt();
    }
  }

  interrupt(): Promise<void> {
    const done = this.#interrupt();
    // What it ends is told to whoever asked for it; the next turn only waits, so that nothing of it is ended, too.
    this.#settling = Promise.allSettled([this.#settling, done]).then(() => undefined);
    return done;
  }

  async #interrupt(): Promise<void> {
    const turn = this.#turn;
    if (turn === undefined || turn.isOver()) return;
    turn.interrupted = true;
    const session = this.#slot.current();
    if (session !== undefined) session.process.notify(methods.agent.session.cancel, { sessionId: session.id });
    turn.cancelRequests();
    await within(this.#deps.clock, this.#timing.interruptMs, turn.ended);
    if (!turn.isOver()) {
      this.#end(turn, this.#aborted());
      return this.#slot.end();
    }
    const pid = session?.process.pid();
    if (pid !== undefined) await this.#deps.reaper.endCommands(this.#options.sessionId, { pid, since: turn.since });
  }

  respond(requestId: string, response: DriverResponse): Promise<void> {
    this.#turn?.answer(requestId, response);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.interrupt();
    await this.#slot.close();
  }

  async #readyFor(turn: AcpTurn): Promise<AcpSession | undefined> {
    try {
      await this.#settling;
      return (await Promise.race([this.#slot.ready(), turn.ended])) ?? undefined;
    } catch (error) {
      turn.finish(this.#closed ? this.#aborted() : failureOf(error, this.#deps.preset.name));
      return undefined;
    }
  }

  async #open(): Promise<AcpSession> {
    const { sessionId, cwd } = this.#options;
    const on = {
      onUpdate: (params: unknown) => this.#onUpdate(params),
      onAsk: (method: AskMethod, params: unknown) => this.#requests.answer(this.#turn, method, params),
      onEnd: (reason: string) => this.#onEnd(reason),
    };
    const { preset } = this.#deps;
    const session = await openSession({ preset, start: () => this.#deps.start({ sessionId, cwd }, on) }, this.#options);
    this.#options = { ...this.#options, native: { kind: "own", id: session.id, told: true } };
    return session;
  }

  async #run(turn: AcpTurn, session: AcpSession, input: PromptInput): Promise<void> {
    turn.since = await this.#deps.reaper.ticks();
    if (turn.isOver()) return;
    turn.begun = true;
    const costBefore = this.#normaliser.told.costUsd;
    try {
      const params = { sessionId: session.id, prompt: blocksOf(input, session.seesImages) };
      const answer = await session.process.request(methods.agent.session.prompt, params);
      // What came before the answer is still being handed over: it is there when the loop has gone round.
      await new Promise((resolve) => setImmediate(resolve));
      const ended = acpPromptEnd.parse(answer);
      const { name } = this.#deps.preset;
      const isCut = turn.interrupted || ended.stopReason === "cancelled";
      const said = { name, told: this.#normaliser.told, costBefore };
      this.#end(turn, isCut ? this.#aborted() : outcomeOf(ended, said));
    } catch (error) {
      if (!session.process.isAlive()) return this.#died(turn, wordsOf(error));
      this.#end(turn, turn.interrupted ? this.#aborted() : failureOf(error, this.#deps.preset.name));
    }
  }

  #onUpdate(params: unknown): void {
    const read = updateParams.safeParse(params);
    const turn = this.#turn;
    if (!read.success || turn === undefined || turn.isOver() || !turn.begun) return;
    this.#watchdog?.beat();
    this.#show(turn, this.#normaliser.push(read.data.update, { ts: this.#deps.clock.now() }));
    this.#cancelSettle?.();
    if (!this.#normaliser.hasUnshown()) return;
    this.#cancelSettle = this.#deps.clock.after(SETTLE_MS, () => {
      if (!turn.isOver()) this.#show(turn, this.#normaliser.settle({ ts: this.#deps.clock.now() }));
    });
  }

  #show(turn: AcpTurn, { rows, deltas, blobs }: Normalised): void {
    for (const blob of blobs) turn.events.push({ kind: "blob", blob });
    for (const delta of deltas) turn.events.push({ kind: "delta", delta });
    for (const row of rows) this.#row(turn, row);
  }

  #row(turn: AcpTurn, row: NativeTranscriptRow): void {
    const { type, callId } = row;
    if (type === "tool_call" && callId !== undefined) turn.openCalls.add(callId);
    if (type === "tool_result" && callId !== undefined) turn.openCalls.delete(callId);
    turn.events.push({ kind: "row", row });
  }

  #onEnd(reason: string): void {
    const session = this.#slot.current();
    // One that was ended before may be gone only now: it is not this turn's.
    if (session === undefined || session.process.isAlive()) return;
    this.#slot.gone(session);
    if (this.#turn !== undefined) this.#died(this.#turn, reason);
  }

  #died(turn: AcpTurn, reason: string): void {
    const isWanted = turn.interrupted || this.#closed;
    const message = reason.slice(0, 4000);
    this.#end(turn, isWanted ? this.#aborted() : { kind: "failed", code: "agent_failed", message });
  }

  /** Ends a turn with what was being said. */
  #end(turn: AcpTurn, outcome: TurnOutcome): void {
    if (turn.isOver()) return;
    this.#show(turn, this.#normaliser.end({ ts: this.#deps.clock.now() }));
    turn.finish(outcome);
  }

  #aborted(): TurnOutcome {
    return { kind: "aborted", reason: this.#closed ? "stopped" : "interrupted" };
  }

  #lostRow(turn: AcpTurn): DriverRow {
    const text = `${this.#deps.preset.name} does not have this session any more. A new one was begun, which knows nothing of what was said before.`;
    const payload = { v: 1, type: "notice", kind: "session_lost", text } as const;
    return { key: `${turn.promptId}:lost`, ts: this.#deps.clock.now(), type: payload.type, payload };
  }

  #watch(turn: AcpTurn): Watchdog {
    return watchTurn(turn, {
      clock: this.#deps.clock,
      timing: this.#timing,
      name: this.#deps.preset.name,
      emit: (event) => turn.events.push(event),
      giveUp: (message) => {
        this.#end(turn, { kind: "failed", code: "agent_failed", message });
        void this.#slot.end();
      },
    });
  }
}

function blocksOf(input: PromptInput, seesImages: boolean) {
  const { text, images } = promptParts(input, seesImages);
  return [
    { type: "text", text },
    ...images.map(({ mime, bytes }) => ({
      type: "image",
      mimeType: mime,
      data: Buffer.from(bytes).toString("base64"),
    })),
  ];
}

function sessionEvent({ id: nativeSessionId, agentVersion }: AcpSession) {
  return { kind: "session", nativeSessionId, ...(agentVersion === undefined ? {} : { agentVersion }) } as const;
}
