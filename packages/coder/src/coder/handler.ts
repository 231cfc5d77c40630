import { SkeinError } from "@skein/protocol";
import type { InboxRow, SignalRow } from "@skein/protocol";
import type { AgentAdapter, NativeSessions } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import type { AgentDriver, DriverSettings } from "../driver.ts";
import type { Reaper } from "../process/reaper.ts";
import { checkDirectory } from "./admission.ts";
import type { DirectoryRules } from "./admission.ts";
import { runBringBack } from "./bring-back.ts";
import { bringIn } from "./bring-in.ts";
import { hasOpenTurn, isBehind, isShared, takeLease } from "./driver-lease.ts";
import type { DriverPool } from "./drivers.ts";
import { noteCheckpoint } from "./code-checkpoints.ts";
import type { CodeCheckpointDeps } from "./code-checkpoints.ts";
import { QUIET_MS } from "./follow-files.ts";
import type { FileFollower } from "./follow-files.ts";
import { importSession } from "./import-session.ts";
import { takeUpFork } from "./fork-session.ts";
import { mirror, skipOwnTurn } from "./mirror.ts";
import { createNativeMirror } from "./native-mirror.ts";
import type { NativeMirror } from "./native-mirror.ts";
import { restoreNative } from "./native-restore.ts";
import type { AttachmentFiles } from "./prompt-input.ts";
import { planQueue } from "./queue.ts";
import type { InboxEntry, QueuedPrompt, UnreadableMessage } from "./queue.ts";
import { recover } from "./recover.ts";
import { runRewind } from "./rewind.ts";
import { applySetting, settingsOf } from "./settings.ts";
import { settle } from "./settle.ts";
import { noteMachine, setUp } from "./set-up.ts";
import type { SetUpDeps } from "./set-up.ts";
import { moveCursor, promptIdOf, setStatus } from "./state.ts";
import type { CoderContext, CoderPass } from "./state.ts";
import { runTurn } from "./turn.ts";
import type { RunningTurn } from "./turn.ts";

/** The coder's handler: set up, close what a crash left open, catch up with the agent's file, run what is queued. */
export interface HandlerDeps extends SetUpDeps, CodeCheckpointDeps {
  readonly clock: Clock;
  readonly adapterOf: (agent: string) => AgentAdapter;
  readonly drivers: DriverPool;
  readonly directories: DirectoryRules;
  readonly reaper: Reaper;
  readonly files: AttachmentFiles;
  readonly follower?: FileFollower | undefined;
}

export async function handleWake(ctx: CoderContext, deps: HandlerDeps): Promise<void> {
  deps.follower?.begin(ctx.url);
  try {
    await performWake(ctx, deps);
  } finally {
    deps.follower?.end(ctx.url, ctx.state.mirrored.get("current"));
  }
}

async function performWake(ctx: CoderContext, deps: HandlerDeps): Promise<void> {
  let turn: RunningTurn | undefined;
  const stops = [
    ctx.onMessage((row: InboxRow) => turn?.onMessage(row) ?? false),
    ctx.onSignal((row: SignalRow) => {
      turn?.onSignal(row);
      return true;
    }),
  ];
  try {
    const { sessions, nativeFiles: files } = deps.adapterOf(ctx.args.agent);
    const pass = await setUp(ctx, deps);
    const native = createNativeMirror(pass, { sessions, files, owner: deps.owner });
    if (isShared(pass) && !hasOpenTurn(pass) && (await isAtRest(pass, { ...deps, sessions }))) return;
    if ((await takeLease(pass, deps)) === "waiting") return;
    noteMachine(pass, deps);
    const behind = isBehind(pass);
    const restored = behind ? "as-it-was" : await restoreNative(pass, { sessions, files, owner: deps.owner });
    // A process that is warm knows another file.
    if (behind || restored === "restored") await deps.drivers.drop(pass.slot);
    await recover(pass, { ...deps, sessions, behind });
    if (behind) await bringIn(pass, deps);
    await importSession(pass, deps);
    await takeUpFork(pass, deps);
    await catchUp(pass, deps);
    await native.advance();
    const adapter = deps.adapterOf(ctx.args.agent);
    const setTurn = (running: RunningTurn | undefined): void => {
      turn = running;
    };
    while ((await drain({ pass, native }, deps, setTurn)) > 0 && !ctx.signal.aborted) {
      const outcome = await settle({ pass, native }, { clock: deps.clock, adapter });
      // A process that is warm does not know of it.
      if (outcome === "others-wrote") await deps.drivers.drop(pass.slot);
    }
  } finally {
    for (const stop of stops) stop();
  }
  // What is still queued is for whoever runs this coder next: it must not be acknowledged.
  if (ctx.signal.aborted) throw ctx.signal.reason;
}

/** In a session that others drive too, with nothing to do: only the coder's own state is put in order. */
async function isAtRest(pass: CoderPass, deps: HandlerDeps & { readonly sessions: NativeSessions }): Promise<boolean> {
  const { ctx } = pass;
  // A turn of ours that others closed: its prompt is not one that waits.
  await recover(pass, { ...deps, behind: true });
  const waiting = waitingEntries(ctx);
  if (waiting.some(({ row }) => row.type !== "catch_up")) return false;
  const status = ctx.state.runStatus.get("current");
  if (status?.status === "initializing" || status?.waitsFor !== undefined) {
    setStatus(ctx, deps.clock.now(), { status: "idle" });
  }
  const { passed } = planQueue(waiting);
  if (passed !== undefined) moveCursor(ctx, passed);
  await ctx.flush();
  return true;
}

/** The agent's history may be unreadable; the session still works, and says so. */
async function catchUp(pass: CoderPass, deps: HandlerDeps): Promise<void> {
  const { ctx } = pass;
  const status = ctx.state.runStatus.get("current")?.status;
  try {
    // Where nobody looks again when it is quiet, it is taken to be.
    const watched = deps.follower === undefined ? {} : { quietSince: deps.clock.now() - QUIET_MS };
    const added = await mirror(pass, deps.adapterOf(ctx.args.agent).sessions, watched);
    // Somebody else wrote to the agent's session: a process that is warm does not know of it.
    if (added > 0) await deps.drivers.drop(pass.slot);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const message = `The agent's history could not be read: ${error instanceof Error ? error.message : "unknown"}`;
    ctx.log("warn", message);
    setStatus(ctx, deps.clock.now(), { status: "error", error: { code: "agent_failed", message } });
    return ctx.flush();
  }
  if (status === "initializing") {
    setStatus(ctx, deps.clock.now(), { status: "idle" });
    await ctx.flush();
  }
}

/** A pass, and what copies its agent's files. */
interface Mirrored {
  readonly pass: CoderPass;
  readonly native: NativeMirror;
}

/** Answers with how many turns were run. */
async function drain(
  { pass, native }: Mirrored,
  deps: HandlerDeps,
  setTurn: (turn: RunningTurn | undefined) => void,
): Promise<number> {
  const { ctx } = pass;
  let turns = 0;
  /** What is being handled: nobody changes it any more, while those behind it may be edited, moved and taken back. */
  let taken: string | undefined;
  while (!ctx.signal.aborted) {
    const waiting = waitingEntries(ctx);
    if (applySettings(pass, waiting, deps)) await ctx.flush();
    const { next, passed } = planQueue(waiting);
    if (next === undefined) {
      if (passed !== undefined) moveCursor(ctx, passed);
      return turns;
    }
    if (next.key !== taken) {
      await ctx.take(next.key);
      taken = next.key;
      // As it is now, if it is still the next.
      continue;
    }
    if (next.kind === "rewind" || next.kind === "bring_back") {
      await (next.kind === "rewind" ? runRewind(pass, next, deps) : runBringBack(pass, next, deps));
      continue;
    }
    if (next.kind === "unreadable" || wasRunBefore(pass, next)) {
      refuse(pass, next, deps.clock.now());
      await ctx.flush();
      continue;
    }
    await runNext({ pass, native }, next, deps, setTurn);
    turns += 1;
  }
  return turns;
}

/** Changes of mode and model that came while no turn ran. Whether one was made is told by its row. */
function applySettings(pass: CoderPass, waiting: readonly InboxEntry[], { adapterOf, clock }: HandlerDeps): boolean {
  const { traits } = adapterOf(pass.ctx.args.agent);
  return waiting.map(({ row }) => applySetting(pass, row, { traits, now: clock.now() })).includes(true);
}

async function runNext(
  { pass, native }: Mirrored,
  prompt: QueuedPrompt,
  deps: HandlerDeps,
  setTurn: (turn: RunningTurn | undefined) => void,
): Promise<void> {
  const { ctx, slot } = pass;
  const adapter = deps.adapterOf(ctx.args.agent);
  const directory = await workingDirectoryNow(pass, deps);
  const settings = settingsOf(ctx);
  const make = (): AgentDriver => makeDriver(pass, adapter, { cwd: directory, settings });
  const driver = await deps.drivers.take(slot, make, JSON.stringify(settings));
  const stopCopying = copyWhileRunning(native, deps);
  try {
    const turn = runTurn(pass, driver, prompt, {
      clock: deps.clock,
      traits: adapter.traits,
      files: deps.files,
      onConfigured: (now) => deps.drivers.changed(slot, JSON.stringify(now)),
      atEdge: (edge, turn) => noteCheckpoint(pass, { edge, turn }, deps),
      async beforeEnd() {
        await native.advance({ quick: true }).catch(unlessAway);
        await skipOwnTurn(pass, adapter.sessions, deps.clock.now() + WRITES_UNTIL_MS);
      },
    });
    setTurn(turn);
    await turn.outcome;
    if (typeof directory === "string") deps.drivers.giveBack(slot);
    else await deps.drivers.drop(slot);
  } catch (error) {
    // The claim is lost or a commit was refused: the agent must not go on.
    await deps.drivers.drop(slot);
    throw error;
  } finally {
    stopCopying();
    setTurn(undefined);
  }
  if (ctx.signal.aborted) await deps.drivers.drop(slot);
}

/** A server that is away for a moment: what could not be copied is copied at the next wake. */
function unlessAway(error: unknown): void {
  if (!(error instanceof SkeinError && error.code === "unavailable")) throw error;
}

const COPY_EVERY_MS = 1000;
/** The agent writes the end of a turn to its file shortly after it told us, and `settle` looks once more. */
const WRITES_UNTIL_MS = 2000;

/** So that a machine that is lost takes little with it. A refusal shows at the turn's next commit. */
function copyWhileRunning(native: NativeMirror, { clock }: HandlerDeps): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const again = (): void => {
    if (!stopped) cancel = clock.after(COPY_EVERY_MS, () => void native.advance({ quick: true }).then(again, again));
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Checked again before each turn: folders move, and rules change. */
async function workingDirectoryNow(pass: CoderPass, deps: HandlerDeps): Promise<string | SkeinError> {
  try {
    return await checkDirectory(pass.cwd, deps.directories);
  } catch (error) {
    if (!(error instanceof SkeinError)) throw error;
    // A warm process in a folder that is gone is of no use either.
    await deps.drivers.drop(pass.slot);
    return error;
  }
}

function makeDriver(
  { slot, native }: CoderPass,
  adapter: AgentAdapter,
  {
    cwd,
    settings: { model, permissionMode },
  }: { readonly cwd: string | SkeinError; readonly settings: DriverSettings },
): AgentDriver {
  if (typeof cwd !== "string") return unstartable(native.id, cwd);
  return adapter.createDriver({
    sessionId: slot,
    cwd,
    permissionMode,
    native,
    ...(model === undefined ? {} : { model }),
  });
}

/** A driver that says why there is none. */
function unstartable(nativeSessionId: string, { code, message }: SkeinError): AgentDriver {
  return {
    nativeSessionId,
    async *prompt() {
      yield { kind: "turn", outcome: { kind: "failed", code, message } };
    },
    interrupt: () => Promise.resolve(),
    respond: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** The inbox behind the cursor, in the order of the log. */
function waitingEntries(ctx: CoderContext): InboxEntry[] {
  const behind = ctx.state.inboxCursor.get("current")?.offset ?? "";
  const entries: InboxEntry[] = [];
  for (const row of ctx.db.inbox) {
    const offset = ctx.db.offsetOf(row.key);
    if (offset !== undefined && offset > behind) entries.push({ row, offset });
  }
  return entries;
}

/** Its row is there though the cursor is not behind it: whatever happened, it is not run a second time. */
function wasRunBefore({ ctx, session }: CoderPass, prompt: QueuedPrompt): boolean {
  return session.collections.transcript.has(promptIdOf(ctx, prompt.key));
}

function refuse({ ctx, session }: CoderPass, message: QueuedPrompt | UnreadableMessage, now: number): void {
  if (message.kind === "unreadable") {
    const { transcript } = session.collections;
    const key = `${promptIdOf(ctx, message.key)}:unreadable`;
    const payload = { v: 1, type: "error", code: "invalid_request", message: message.reason } as const;
    const row = { key, ts: now, type: payload.type, promptId: message.key, actor: message.actor, payload };
    if (!transcript.has(key)) transcript.insert(row);
  }
  moveCursor(ctx, message);
}
