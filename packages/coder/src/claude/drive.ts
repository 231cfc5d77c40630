import { SkeinError } from "@skein/protocol";
import type { ClaudeNormaliser } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import { createAgentSlot } from "../drive/agent-slot.ts";
import type { AgentSlot } from "../drive/agent-slot.ts";
import { TIMING, within } from "../drive/timing.ts";
import type { Timing } from "../drive/timing.ts";
import { watchTurn } from "../drive/watch-turn.ts";
import type { Watchdog } from "../drive/watchdog.ts";
import type { AgentDriver, DriverOptions, DriverSettings, PromptInput, TurnOutcome } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import { openAgent } from "./agent.ts";
import type { Agent, AgentDeps } from "./agent.ts";
import { isUuid, MODES, userMessage } from "./options.ts";
import { classifyFailure } from "./outcome.ts";
import { createTurnReader } from "./read-turn.ts";
import type { TurnReader } from "./read-turn.ts";
import { createTurn } from "./turn.ts";
import type { Turn } from "./turn.ts";
import { waitingRow } from "./waiting-row.ts";

/**
 * Drives one session of Claude Code over its SDK: one warm process, one turn at a time.
 *
 * - A prompt goes in under an id of ours, and its turn ends with the result that names it.
 * - Whatever happens to the process, a turn ends with exactly one `turn` event; the next prompt starts a new process
 *   that resumes the session.
 * - After `close`, and after a turn that was interrupted, nothing that the agent's commands started is left.
 */
export interface ClaudeDriverDeps extends Omit<AgentDeps, "onMessage" | "onEnd" | "onAsk"> {
  readonly clock: Clock;
  readonly reaper: Reaper;
  readonly createNormaliser: () => ClaudeNormaliser;
  readonly timing?: Partial<Timing>;
}

export function createClaudeDriver(deps: ClaudeDriverDeps, options: DriverOptions): AgentDriver {
  return new ClaudeDriver(deps, options);
}

class ClaudeDriver implements AgentDriver {
  readonly #deps: ClaudeDriverDeps;
  #options: DriverOptions;
  readonly #timing: Timing;
  readonly #slot: AgentSlot<Agent>;
  readonly #reader: TurnReader;
  #turn: Turn | undefined;
  /** The end of an interrupt: what commands had started. */
  #settling: Promise<void> = Promise.resolve();
  /** The process that got the last prompt. */
  #prompted: Agent | undefined;
  #watchdog: Watchdog | undefined;
  #closed = false;

  constructor(deps: ClaudeDriverDeps, options: DriverOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#timing = { ...TIMING, ...deps.timing };
    this.#slot = createAgentSlot({
      open: () => openAgent({ ...deps, ...this.#callbacks() }, this.#options),
      clear: () => deps.reaper.endSession(options.sessionId),
    });
    this.#reader = createTurnReader({
      clock: deps.clock,
      normaliser: deps.createNormaliser(),
      onSignInRefused: (turn) => this.#giveUp(turn, classifyFailure("API Error: 401", 401)),
    });
  }

  get nativeSessionId(): string {
    return this.#options.native.id;
  }

  async *prompt(input: PromptInput, { promptId, runId, signal }: Parameters<AgentDriver["prompt"]>[1]) {
    if (this.#turn !== undefined && !this.#turn.isOver()) throw new Error("A turn is running.");
    const turn = createTurn({ promptId, runId });
    this.#turn = turn;
    this.#reader.begin(turn);
    const watchdog = this.#watch(turn);
    this.#watchdog = watchdog;
    // A failure to end everything is told by the next `close`, which whoever aborts calls.
    const stop = (): void => void this.close().catch(() => undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted || this.#closed) turn.finish({ kind: "aborted", reason: "stopped" });
      else void this.#start(turn, input);
      yield* turn.events;
    } finally {
      watchdog.stop();
      signal.removeEventListener("abort", stop);
      if (!turn.isOver()) await this.interrupt();
    }
  }

  /** Said while a tool runs, it goes into the turn with the tool's result; else the agent takes it up when it has spoken. */
  steer(input: PromptInput, { promptId }: { readonly promptId: string }): Promise<boolean> {
    const turn = this.#turn;
    const agent = this.#slot.current();
    const runs = turn !== undefined && !turn.isOver() && turn.begun && !turn.facts.interrupted;
    if (!runs || agent === undefined || !isUuid(promptId)) return Promise.resolve(false);
    turn.awaited.add(promptId);
    agent.send(userMessage(input, promptId));
    return Promise.resolve(true);
  }

  async configure({ permissionMode, model }: DriverSettings): Promise<boolean> {
    const agent = this.#slot.current();
    const before = this.#options;
    // To do everything without asking, and with another model, is what a process is started with.
    if (agent !== undefined && (model !== before.model || before.permissionMode === "bypass")) return false;
    if (agent !== undefined) {
      if (permissionMode === "bypass") return false;
      await agent.setMode(MODES[permissionMode]);
    }
    const { model: _, ...rest } = before;
    this.#options = { ...rest, permissionMode, ...(model === undefined ? {} : { model }) };
    return true;
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
    turn.facts.interrupted = true;
    if ([...turn.awaited].some((id) => id !== turn.promptId)) {
      // What was put into it and is not taken up would begin a turn by itself.
      this.#reader.abort(turn, "interrupted");
      return this.#slot.end();
    }
    const agent = this.#slot.current();
    // Refused by a process that is on its way out: then its end ends the turn.
    agent?.interrupt().catch(() => undefined);
    await within(this.#deps.clock, this.#timing.interruptMs, turn.ended);
    if (!turn.isOver()) {
      this.#reader.abort(turn, "interrupted");
      return this.#slot.end();
    }
    const pid = agent?.pid();
    if (pid !== undefined) await this.#deps.reaper.endCommands(this.#options.sessionId, { pid, since: turn.since });
  }

  respond(requestId: string, response: Parameters<AgentDriver["respond"]>[1]): Promise<void> {
    this.#turn?.answer(requestId, response);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#slot.close();
    this.#closed = true;
    const turn = this.#turn;
    await this.interrupt();
    if (turn !== undefined) this.#reader.abort(turn, "stopped");
    await this.#slot.close();
  }

  #callbacks(): Pick<AgentDeps, "onMessage" | "onEnd" | "onAsk"> {
    return {
      onMessage: (message) => {
        this.#watchdog?.beat();
        this.#reader.message(message);
      },
      onEnd: (agent, error) => this.#onEnd(agent, error),
      onAsk: async (name, input, ask) => {
        const turn = this.#turn;
        if (turn === undefined || turn.isOver()) return { behavior: "deny", message: "No turn is running." };
        const waiting = waitingRow({ name, input, ask, now: this.#deps.clock.now() });
        turn.events.push({ kind: "waiting", ...waiting });
        return turn.ask(waiting.requestId, { input, suggestions: ask.suggestions ?? [] }, ask.signal);
      },
    };
  }

  async #start(turn: Turn, input: PromptInput): Promise<void> {
    try {
      await this.#settling;
      turn.since = await this.#deps.reaper.ticks();
      const agent = await this.#slot.ready();
      if (turn.isOver()) return;
      this.#prompted = agent;
      agent.send(userMessage(input, turn.promptId));
      turn.begun = true;
    } catch (error) {
      turn.finish(failureOf(error));
    }
  }

  #onEnd(agent: Agent, error: unknown): void {
    this.#slot.gone(agent);
    const turn = this.#turn;
    // One that was ended before may be gone only now: it is not this turn's.
    if (turn === undefined || turn.isOver() || this.#prompted !== agent) return;
    if (turn.facts.interrupted || this.#closed) {
      return this.#reader.abort(turn, this.#closed ? "stopped" : "interrupted");
    }
    const message = error instanceof Error ? error.message : "Claude Code ended before the turn did.";
    turn.finish({ kind: "failed", ...classifyFailure([message, agent.stderr()].filter(Boolean).join("\n")) });
  }

  #giveUp(turn: Turn, failure: { code: string; message: string }): void {
    turn.finish({ kind: "failed", ...failure });
    void this.#slot.end();
  }

  #watch(turn: Turn): Watchdog {
    return watchTurn(turn, {
      clock: this.#deps.clock,
      timing: this.#timing,
      name: "Claude Code",
      emit: (event) => turn.events.push(event),
      giveUp: (message) => this.#giveUp(turn, { code: "agent_failed", message }),
    });
  }
}

function failureOf(error: unknown): TurnOutcome {
  if (error instanceof SkeinError) return { kind: "failed", code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : "Claude Code could not be started.";
  return { kind: "failed", ...classifyFailure(message) };
}
