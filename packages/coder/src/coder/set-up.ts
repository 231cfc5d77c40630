import { CODER_RESOURCE_TAG, codingSessionResourceId, codingSessionResourceSchema } from "@skein/sessions";
import type { CoderArgs, CodingSessionInfoRow } from "@skein/sessions";
import type { NativeSessions } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { uuidOf } from "./ids.ts";
import { directoryOfFork } from "./fork-directory.ts";
import type { ForkDirectoryDeps } from "./fork-directory.ts";
import { NATIVE_SESSION_TAG, setStatus, slotOf } from "./state.ts";
import type { CoderContext, CoderPass } from "./state.ts";

export interface SetUpDeps extends ForkDirectoryDeps {
  readonly clock: Clock;
  /** Tells apart servers on one machine. */
  readonly owner: string;
  /** Where a coder works that was not told. */
  readonly defaultWorkingDirectory: string;
  readonly machine?: string | undefined;
  /** Where a session's directory is on this machine. */
  readonly mapDirectory?: ((directory: string) => string) | undefined;
  /** An agent's sessions on this machine, whether it is driven here or not. */
  readonly sourceOf: (agent: string) => NativeSessions;
}

/**
 * Makes what a coder needs and is not there yet, judged by the rows that exist: it may be called at every wake, and a
 * crash anywhere in it leaves nothing that a later call would not complete.
 */
export async function setUp(ctx: CoderContext, deps: SetUpDeps): Promise<CoderPass> {
  const sessionId = ctx.args.resource ?? ctx.id;
  const resourceId = codingSessionResourceId(sessionId);
  // Histories are long: their keys are enough to know what is there.
  const session = await ctx.mkdb(resourceId, codingSessionResourceSchema, { load: { transcript: "keys" } });
  const native = nativeOf(ctx, deps.owner);
  const { sessionInfo } = session.collections;
  const there = sessionInfo.get("current");
  // A fork begins with the history of another session, and so with what that one said of itself.
  const inherited = there !== undefined && there.sessionId !== sessionId ? there : undefined;
  // One that joins works where it is told, else where the session does.
  const own = ctx.args.resource === undefined ? undefined : ctx.args.cwd;
  const known =
    inherited === undefined ? (own ?? there?.cwd) : await directoryOfFork(ctx, { session, inherited }, deps);
  const told = known ?? (await workingDirectory(ctx.args, deps.defaultWorkingDirectory, deps.sourceOf));
  const cwd = deps.mapDirectory?.(told) ?? told;
  if (there === undefined || inherited !== undefined) {
    sessionInfo.upsert({ ...inheritedInfo(ctx, inherited), ...infoRow(ctx, deps, { sessionId, cwd, native }) });
  }
  // Kept, since it follows from the machine that the coder was set up on, and it may go on on another.
  if (native.kind === "own" && !ctx.state.native.has("current")) {
    ctx.state.native.insert({ key: "current", id: native.id, ...inheritedAgent(inherited) });
  }
  const now = deps.clock.now();
  if (!ctx.state.runStatus.has("current")) setStatus(ctx, now, { status: "initializing" });
  if (!ctx.state.inboxCursor.has("current")) ctx.state.inboxCursor.insert({ key: "current" });
  if (ctx.tags[CODER_RESOURCE_TAG] !== resourceId) ctx.setTag(CODER_RESOURCE_TAG, resourceId);
  if (ctx.args.title !== undefined && ctx.tags["title"] === undefined) ctx.setTag("title", ctx.args.title);
  await ctx.flush();
  return {
    ctx,
    session,
    sessionId,
    slot: slotOf(ctx),
    cwd,
    inheritedAgent: ctx.state.native.get("current")?.inheritedAgent,
    get native() {
      const told = ctx.state.native.get("current");
      if (told === undefined) return native;
      return { ...native, id: told.id, told: ctx.tags[NATIVE_SESSION_TAG] === told.id };
    },
  };
}

/** The session says on which machine it is now, and where it works there: it may have gone on from another. */
export function noteMachine({ session, sessionId, cwd }: CoderPass, { machine }: Pick<SetUpDeps, "machine">): void {
  const { sessionInfo } = session.collections;
  const info = sessionInfo.get("current");
  if (info === undefined || info.sessionId !== sessionId || machine === undefined || info.machine === machine) return;
  sessionInfo.update("current", (row) => ({ ...row, machine, cwd }));
}

/** What was asked for; else where the session that is attached or imported worked; else the default. */
export async function workingDirectory(
  args: Pick<CoderArgs, "agent" | "cwd" | "nativeSessionId" | "importFrom">,
  fallback: string,
  sourceOf: SetUpDeps["sourceOf"],
): Promise<string> {
  if (args.cwd !== undefined) return args.cwd;
  const sessions = sourceOf(args.importFrom?.agent ?? args.agent);
  const id = args.importFrom?.sessionId ?? args.nativeSessionId;
  const native = id === undefined ? undefined : await sessions.find(id);
  const there = native === undefined ? undefined : await sessions.cwdOf(native);
  return there ?? fallback;
}

/** The agent's session: the one attached to, or one of ours under an id that follows from the coder. */
export function nativeOf(
  { args, url, entity }: Pick<CoderContext, "args" | "url"> & { entity: { readonly createdAt: number } },
  owner: string,
): CoderPass["native"] {
  if (args.nativeSessionId !== undefined) return { kind: "resume", id: args.nativeSessionId };
  return { kind: "own", id: uuidOf("session", owner, url, String(entity.createdAt)) };
}

function inheritedAgent(inherited: CodingSessionInfoRow | undefined): { readonly inheritedAgent?: string } {
  return inherited === undefined ? {} : { inheritedAgent: inherited.agent };
}

/** What a fork keeps of what its origin said of itself. */
function inheritedInfo(ctx: CoderContext, inherited: CodingSessionInfoRow | undefined): Partial<CodingSessionInfoRow> {
  if (inherited === undefined) return {};
  const { title, model, agent, git } = inherited;
  const row = ctx.entity.forkedFrom?.row;
  return {
    forkedFrom: { sessionId: inherited.sessionId, ...(row === undefined ? {} : { row }) },
    ...(title === undefined ? {} : { title }),
    ...(git === undefined ? {} : { git }),
    ...(model === undefined || agent !== ctx.args.agent ? {} : { model }),
  };
}

function infoRow(
  ctx: CoderContext,
  deps: SetUpDeps,
  { sessionId, cwd, native }: Pick<CoderPass, "sessionId" | "cwd" | "native">,
): CodingSessionInfoRow {
  const { agent, model, permissionMode, title, importFrom } = ctx.args;
  return {
    key: "current",
    agent,
    cwd,
    sessionId,
    nativeSessionId: native.id,
    createdAt: deps.clock.now(),
    permissionMode,
    ...(model === undefined ? {} : { model }),
    ...(title === undefined ? {} : { title }),
    ...(deps.machine === undefined ? {} : { machine: deps.machine }),
    ...(importFrom === undefined ? {} : { importedFrom: importFrom }),
  };
}
