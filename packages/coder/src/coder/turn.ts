import { turnEndKey } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import type { RunHandle } from "@skein/runtime";
import type { InboxRow, SignalRow } from "@skein/protocol";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverEvent, DriverRow, TurnOutcome } from "../driver.ts";
import { createFlusher } from "./flusher.ts";
import { createLiveDeltas } from "./live-deltas.ts";
import { giveTitle } from "./mirror.ts";
import { cancelledRow, pendingOf, settleWith } from "./pending.ts";
import type { PendingRequest } from "./pending.ts";
import type { QueuedPrompt } from "./queue.ts";
import { moveCursor, promptIdOf, setStatus } from "./state.ts";
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
  const { ctx, session } = pass;
  const { clock } = deps;
  const { transcript, sessionInfo } = session.collections;
  const promptId = promptIdOf(ctx, prompt.key);
  const run = ctx.recordRun();
  const pending = new Map<string, PendingRequest>();
  /** What the agent said last, for those who wait for the run. */
  let said: string[] = [];
  let interruptedBy: string | undefined;
  /** Somebody may say stop before the agent has the prompt: then it does not get it. */
  let stopAsked = false;
  let isPrompted = false;
  let failedRow = false;

  const flusher = createFlusher({ clock, flush: () => ctx.flush(), onRefused: () => void driver.close() });
  const live = createLiveDeltas({ clock, send: (events) => session.live(events) });

  function insert(row: DriverRow | CodingSessionTranscriptRow): void {
    if (transcript.has(row.key)) return;
    transcript.insert({ ...row, runId: run.key, promptId: prompt.key });
  }

  function showStatus(): void {
    const waiting = [...pending.values()].map(({ requestId, kind, callId }) => ({
      requestId,
      kind,
      ...(callId === undefined ? {} : { callId }),
    }));
    const head = { currentPrompt: prompt.key, runId: run.key };
    setStatus(ctx, clock.now(), {
      ...head,
      ...(waiting.length === 0 ? { status: "running" } : { status: "waiting", pending: waiting }),
    });
  }

  async function begin(): Promise<void> {
    const payload = { v: 1, type: "user_message", text: prompt.text } as const;
    insert({ key: promptId, ts: clock.now(), type: payload.type, actor: prompt.actor, payload });
    if (sessionInfo.get("current")?.title === undefined) giveTitle(pass, prompt.text);
    showStatus();
    await flusher.now();
  }

  async function onEvent(event: DriverEvent): Promise<TurnOutcome | undefined> {
    switch (event.kind) {
      case "session":
        noteSession(pass, event);
        return undefined;
      case "row":
        onRow(event.row);
        return undefined;
      case "delta":
        live.add({ ...event.delta, runId: run.key });
        return undefined;
      case "native":
        return undefined;
      case "waiting":
        pending.set(event.requestId, pendingOf(event.requestId, event.row));
        insert(event.row);
        showStatus();
        await flusher.now();
        return undefined;
      case "turn":
        return event.outcome;
    }
  }

  function onRow(row: DriverRow): void {
    if (row.liveKey !== undefined) live.complete(row.liveKey);
    if (row.payload.type === "assistant_message" && row.parentCallId === undefined) said.push(row.payload.text);
    if (row.payload.type === "tool_call" && row.parentCallId === undefined) said = [];
    if (row.payload.type === "error" && row.payload.retryable !== true) failedRow = true;
    insert(row);
    flusher.soon(JSON.stringify(row).length);
  }

  function onMessage(message: InboxRow): boolean {
    const settled = settleWith(message, pending, clock.now());
    if (settled === undefined) return false;
    pending.delete(settled.requestId);
    insert(settled.row);
    showStatus();
    // Refused: the claim is lost, and the driver is closed by the flusher.
    void flusher.now().then(
      () => driver.respond(settled.requestId, settled.response),
      () => undefined,
    );
    return true;
  }

  async function end(outcome: TurnOutcome): Promise<void> {
    const now = clock.now();
    for (const request of pending.values()) insert(cancelledRow(request, now));
    pending.clear();
    if (outcome.kind === "failed" && !failedRow) {
      const payload = { v: 1, type: "error", code: outcome.code, message: outcome.message } as const;
      insert({ key: `${promptId}:error`, ts: now, type: payload.type, payload });
    }
    const payload = endOf(outcome, interruptedBy);
    insert({ key: turnEndKey(promptId), ts: now, type: payload.type, payload });
    const error = outcome.kind === "failed" ? { code: outcome.code, message: outcome.message } : undefined;
    setStatus(ctx, now, error === undefined ? { status: "idle" } : { status: "error", error });
    moveCursor(ctx, prompt);
    endRun(run, outcome, said);
    await deps.beforeEnd();
    await flusher.now();
  }

  async function perform(): Promise<TurnOutcome> {
    try {
      await begin();
      let outcome: TurnOutcome = { kind: "failed", code: "agent_failed", message: "The agent ended without a word." };
      const input = { promptId, runId: run.key, signal: ctx.signal };
      if (stopAsked) outcome = { kind: "aborted", reason: "interrupted" };
      else {
        isPrompted = true;
        for await (const event of driver.prompt({ text: prompt.text }, input)) {
          outcome = (await onEvent(event)) ?? outcome;
        }
      }
      await end(outcome);
      return outcome;
    } finally {
      flusher.stop();
      live.stop();
    }
  }

  return {
    onMessage,
    onSignal(signal) {
      if (signal.signal !== "interrupt" && signal.signal !== "stop") return;
      interruptedBy ??= signal.from;
      stopAsked = true;
      if (isPrompted) void driver.interrupt();
    },
    outcome: perform(),
  };
}

function noteSession({ session }: CoderPass, event: Extract<DriverEvent, { kind: "session" }>): void {
  const { sessionInfo } = session.collections;
  const info = sessionInfo.get("current");
  const model = event.model ?? info?.model;
  if (info === undefined || (info.nativeSessionId === event.nativeSessionId && info.model === model)) return;
  const known = model === undefined ? {} : { model };
  sessionInfo.update("current", (row) => ({ ...row, nativeSessionId: event.nativeSessionId, ...known }));
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

function endRun(run: RunHandle, outcome: TurnOutcome, said: readonly string[]): void {
  if (said.length > 0) run.attachResponse(said.join("\n\n"));
  switch (outcome.kind) {
    case "completed":
      return run.end({ status: "completed", finishReason: "stop" });
    case "aborted":
      return run.end({ status: "failed", finishReason: "aborted", error: outcome.reason });
    case "failed":
      return run.end({ status: "failed", finishReason: "error", error: outcome.message });
  }
}
