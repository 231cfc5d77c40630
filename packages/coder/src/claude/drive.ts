import type { ClaudeNormaliser, NativeDelta } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverEvent, DriverOptions, DriverRow } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import { openAgent } from "./agent.ts";
import type { Agent, AgentDeps } from "./agent.ts";
import { waitingRow } from "./waiting-row.ts";
import { readClaudeMessage } from "./messages.ts";
import type { ClaudeMessage } from "./messages.ts";
import { userMessage } from "./options.ts";
import { classifyFailure, outcomeOf } from "./outcome.ts";
import { createTurn } from "./turn.ts";
import type { Turn } from "./turn.ts";
import { createWatchdog } from "./watchdog.ts";

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

export interface Timing {
  /** How long an interrupted turn may take to end before its process is ended. */
  readonly interruptMs: number;
  /** Silence after which viewers are told. */
  readonly stallNoticeMs: number;
  /** Silence after which the turn is given up. */
  readonly stallAbortMs: number;
}

const TIMING: Timing = { interruptMs: 700, stallNoticeMs: 120_000, stallAbortMs: 1_800_000 };
const MAX_BETWEEN_TURNS = 1000;
const MAX_PARTIAL = 256 * 1024;

export function createClaudeDriver(deps: ClaudeDriverDeps, options: DriverOptions): AgentDriver {
  const timing = { ...TIMING, ...deps.timing };
  const normaliser = deps.createNormaliser();
  /** Rows of what the agent did outside a turn: they come with the next one. */
  const between: DriverEvent[] = [];
  let agent: Agent | undefined;
  /** The end of the last process and of what it started. A new one must not begin before: they share the marker. */
  let cleared: Promise<void> = Promise.resolve();
  let turn: Turn | undefined;
  let closed = false;
  let beat = (): void => {};

  function emit(event: DriverEvent): void {
    if (turn !== undefined && !turn.isOver()) turn.events.push(event);
    else if (event.kind === "row" && between.length < MAX_BETWEEN_TURNS) between.push(event);
  }

  function emitRow(row: DriverRow): void {
    if (row.type === "tool_call" && row.callId !== undefined) turn?.openCalls.add(row.callId);
    if (row.type === "tool_result" && row.callId !== undefined) turn?.openCalls.delete(row.callId);
    if (row.liveKey !== undefined) turn?.partial.delete(row.liveKey);
    emit({ kind: "row", row });
  }

  function onMessage(raw: unknown): void {
    beat();
    const read = readClaudeMessage(raw);
    note(read);
    const { rows, deltas } = normaliser.push(raw, { ts: deps.clock.now() });
    for (const row of rows) emitRow(row);
    for (const delta of deltas) emitDelta(delta);
    settle(read);
  }

  function emitDelta(delta: NativeDelta): void {
    const text = turn?.partial.get(delta.key)?.text ?? "";
    if (text.length < MAX_PARTIAL) turn?.partial.set(delta.key, { ...delta, text: text + delta.text });
    emit({ kind: "delta", delta });
  }

  /** A call of the model failed and begins anew: what it had said so far is taken back. */
  function takeBack(): void {
    for (const delta of turn?.partial.values() ?? []) emit({ kind: "delta", delta: { ...delta, at: 0, text: "" } });
    turn?.partial.clear();
  }

  /** What a message says about the turn, before its rows are shown. */
  function note(read: ClaudeMessage): void {
    if (read.kind === "init") {
      const { session_id: nativeSessionId, model, claude_code_version: agentVersion } = read.message;
      emit({
        kind: "session",
        nativeSessionId,
        ...(model === undefined ? {} : { model }),
        ...(agentVersion === undefined ? {} : { agentVersion }),
      });
    }
    if (read.kind === "assistant" && turn !== undefined) {
      const { usage } = read.message.message;
      if (read.message.is_api_error_message === true) turn.facts.apiError = read.message.error ?? undefined;
      else if (usage !== undefined && usage !== null && read.message.parent_tool_use_id == null) {
        turn.facts.contextTokens =
          (usage.input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
      }
    }
    if (read.kind === "api_retry") {
      takeBack();
      if (read.message.error_status === 401 && read.message.attempt >= 2) giveUpSignIn();
    }
  }

  /** Ends the turn when a message says so, after its rows are shown. */
  function settle(read: ClaudeMessage): void {
    if (turn === undefined || turn.isOver()) return;
    if (read.kind === "result") {
      const { user_message_uuid: one, user_message_uuids: all = [] } = read.message;
      const named = one === undefined ? all : [one, ...all];
      if (named.length === 0 || named.includes(turn.promptId)) turn.finish(outcomeOf(read.message, turn.facts));
    }
    if (read.kind === "lifecycle" && read.message.command_uuid === turn.promptId) {
      // A prompt that the session had seen already, or one that was taken back: there is no result.
      if (read.message.state === "completed") turn.finish({ kind: "completed" });
      if (read.message.state === "cancelled") turn.finish({ kind: "aborted", reason: "cancelled" });
    }
  }

  /** The agent retries a refused sign-in for minutes; a person has to act. */
  function giveUpSignIn(): void {
    const refused = turn;
    if (refused === undefined || refused.isOver()) return;
    refused.finish({ kind: "failed", ...classifyFailure("API Error: 401", 401) });
    void endAgent();
  }

  function onEnd(ended: Agent, error: unknown): void {
    if (agent === ended) void endAgent();
    if (turn === undefined || turn.isOver()) return;
    if (turn.facts.interrupted || closed) return finishAborted(turn, closed ? "stopped" : "interrupted");
    const stderr = ended.stderr();
    const message = error instanceof Error ? error.message : "Claude Code ended before the turn did.";
    turn.finish({ kind: "failed", ...classifyFailure(stderr === "" ? message : `${message}\n${stderr}`) });
  }

  /** Keeps what was streamed and never completed, when the agent could not do it itself. */
  function finishAborted(aborted: Turn, reason: string): void {
    if (aborted.isOver()) return;
    for (const [liveKey, { kind, text }] of aborted.partial) {
      if (kind !== "text") continue;
      const payload = { v: 1, type: "assistant_message", text } as const;
      const key = `${aborted.promptId}:partial:${liveKey}`;
      aborted.events.push({ kind: "row", row: { key, ts: deps.clock.now(), type: payload.type, liveKey, payload } });
    }
    aborted.finish({ kind: "aborted", reason });
  }

  /** Its failure is told by `ready`, or by `close`. */
  function endAgent(): Promise<void> {
    const ending = agent;
    agent = undefined;
    const before = cleared;
    cleared = clear(ending, before);
    // Whoever comes next is told; nobody may be there to be told now.
    cleared.catch(() => undefined);
    return cleared;
  }

  async function clear(ending: Agent | undefined, before: Promise<void>): Promise<void> {
    await before.catch(() => undefined);
    await ending?.end();
    await deps.reaper.endSession(options.sessionId);
  }

  const onAsk: AgentDeps["onAsk"] = async (name, input, ask) => {
    const asked = turn;
    if (asked === undefined || asked.isOver()) return { behavior: "deny", message: "No turn is running." };
    const waiting = waitingRow({ name, input, ask, now: deps.clock.now() });
    emit({ kind: "waiting", ...waiting });
    return asked.ask(waiting.requestId, { input, suggestions: ask.suggestions ?? [] }, ask.signal);
  };

  async function ready(): Promise<Agent> {
    if (agent !== undefined) return agent;
    await cleared.catch((error: unknown) => {
      void endAgent();
      throw error;
    });
    const opened = await openAgent({ ...deps, onMessage, onEnd, onAsk }, options);
    if (closed) {
      await opened.end();
      throw new Error("The session was closed.");
    }
    agent = opened;
    return opened;
  }

  function watch(running: Turn): () => void {
    const watchdog = createWatchdog({
      clock: deps.clock,
      noticeMs: timing.stallNoticeMs,
      abortMs: timing.stallAbortMs,
      isExcused: () => running.isWaiting() || running.openCalls.size > 0,
      onNotice(silentMs) {
        const text = `Nothing came from Claude Code for ${String(Math.round(silentMs / 1000))} s.`;
        const payload = { v: 1, type: "notice", kind: "stall", text } as const;
        const now = deps.clock.now();
        emitRow({ key: `${running.promptId}:stall:${String(now)}`, ts: now, type: "notice", payload });
      },
      onAbort() {
        running.finish({ kind: "failed", code: "agent_failed", message: "Claude Code stopped answering." });
        void endAgent();
      },
    });
    beat = () => watchdog.beat();
    return () => watchdog.stop();
  }

  async function interrupt(): Promise<void> {
    const running = turn;
    if (running === undefined || running.isOver()) return;
    running.facts.interrupted = true;
    const current = agent;
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = deps.clock.after(timing.interruptMs, resolve);
    });
    current?.interrupt().catch(() => undefined);
    await Promise.race([running.ended, tooLong]);
    cancel();
    if (!running.isOver()) {
      finishAborted(running, "interrupted");
      return endAgent();
    }
    const pid = current?.pid();
    if (pid !== undefined) await deps.reaper.endCommands(options.sessionId, { pid, since: running.since });
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    const running = turn;
    await interrupt();
    if (running !== undefined) finishAborted(running, "stopped");
    await endAgent();
  }

  return {
    get nativeSessionId() {
      return options.native.id;
    },
    async *prompt(input, { promptId, runId, signal }) {
      if (turn !== undefined && !turn.isOver()) throw new Error("A turn is running.");
      const running = createTurn({ promptId, runId });
      turn = running;
      normaliser.begin(promptId);
      const stop = (): void => void close().catch(() => undefined);
      signal.addEventListener("abort", stop, { once: true });
      const unwatch = watch(running);
      try {
        for (const event of between.splice(0)) running.events.push(event);
        if (signal.aborted || closed) running.finish({ kind: "aborted", reason: "stopped" });
        else void start(running, input.text);
        yield* running.events;
      } finally {
        unwatch();
        signal.removeEventListener("abort", stop);
        if (!running.isOver()) await interrupt();
      }
    },
    interrupt,
    respond(requestId, response) {
      turn?.answer(requestId, response);
      return Promise.resolve();
    },
    close,
  };

  async function start(running: Turn, text: string): Promise<void> {
    try {
      running.since = await deps.reaper.ticks();
      const opened = await ready();
      if (running.isOver()) return;
      opened.send(userMessage(text, running.promptId));
    } catch (error) {
      const message = error instanceof Error ? error.message : "Claude Code could not be started.";
      const code = codeOf(error);
      running.finish({ kind: "failed", ...(code === undefined ? classifyFailure(message) : { code, message }) });
    }
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "SkeinError" || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
