import { homedir } from "node:os";
import { join } from "node:path";
import { SkeinError } from "@skein/protocol";
import type { Entity, ForkedFrom, Message } from "@skein/protocol";
import type { Registry } from "@skein/runtime";
import { coderArgs, coderInbox } from "@skein/sessions";
import type { CoderArgs } from "@skein/sessions";
import { createAcpAgents } from "../acp/acp-agent.ts";
import type { AcpSettings } from "../acp/acp-agent.ts";
import type { AgentAdapter, NativeSessions } from "../adapter.ts";
import type { ClaudeSettings } from "../claude/claude-agent.ts";
import { createClaudeAgent } from "../claude/claude-agent.ts";
import type { Environment } from "../process/environment.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import { createCodexAgent } from "../codex/codex-agent.ts";
import type { CodexSettings } from "../codex/codex-agent.ts";
import { codexSessions } from "../codex/native-sessions.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { checkDirectory } from "./admission.ts";
import type { DirectoryRules } from "./admission.ts";
import { directoryMapper } from "./directory-map.ts";
import type { DirectoryMap } from "./directory-map.ts";
import { attachmentsOf } from "./attachments.ts";
import type { Attachments } from "./attachments.ts";
import { createCoderCalls } from "./calls.ts";
import type { CoderCalls, Sources } from "./calls.ts";
import { createCheckpoints } from "../git/checkpoints.ts";
import { createDriverPool } from "./drivers.ts";
import { createFileFollower } from "./follow-files.ts";
import type { FileFollower, FollowDeps } from "./follow-files.ts";
import { handleWake } from "./handler.ts";
import { createAttachmentFiles } from "./prompt-input.ts";
import type { ReadBlob } from "./prompt-input.ts";
import { workingDirectory } from "./set-up.ts";
import { sweepIdle } from "./sweep.ts";
import { sweepFiles } from "./sweep-files.ts";
import { coderState, NATIVE_SESSION_TAG } from "./state.ts";

export interface CoderOptions {
  /** Where a coder works that was not told. */
  readonly defaultWorkingDirectory: string;
  /** Coders work in these folders and below, and nowhere else. Default: anywhere that the runner's user may. */
  readonly allowedDirectories?: readonly string[] | undefined;
  /** Where forks get working trees of their own; coders may work there too. Absent: no fork gets one. */
  readonly worktrees?: string | undefined;
  /** The environment that agents' own is built from: `process.env` in presets. */
  readonly environment: Environment;
  /**
   * Marks what the agents start. The same at every start on one data folder, and different for two: that folder's
   * path does. Two runners on one machine must not share it.
   */
  readonly owner: string;
  /** Shown with sessions. */
  readonly machine?: string | undefined;
  /**
   * Where directories of sessions from other machines are here: the first entry that a directory is in counts. Read it
   * as “what is at `from` there is at `to` here”.
   */
  readonly directoryMap?: DirectoryMap | undefined;
  readonly claude?: ClaudeSettings | undefined;
  readonly codex?: CodexSettings | undefined;
  /** Agents that speak ACP: those that we know, and those that a person set up. */
  readonly acp?: AcpSettings | undefined;
  /** Where what was uploaded for a session can be fetched from. Absent: prompts take no attachments. */
  readonly readBlob?: ReadBlob | undefined;
  /** Instead of the agents that we know. */
  readonly adapters?: readonly AgentAdapter[] | undefined;
  /** Sessions of agents that are not driven here and can be imported. */
  readonly sources?: Sources | undefined;
  /** All coders that there are: which sessions are attached, and which agents are not needed any more. */
  readonly listCoders?: (() => Promise<readonly Entity[]>) | undefined;
  /** Sends a coder a message: with it, turns that are made in a terminal appear while the coder is idle. */
  readonly sendTo?: ((url: string, message: Message) => Promise<unknown>) | undefined;
  /** Whether a session was not deleted: without it checkpoints of its files stay. */
  readonly sessionExists?: ((session: string) => Promise<boolean>) | undefined;
  /** How often sessions' files are looked at. Milliseconds, default one second. */
  readonly followEveryMs?: number | undefined;
  /** How long an agent stays warm after its turn. Default: ten minutes. */
  readonly idleMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A runner's coders. */
export interface Coders {
  /** For the runner: what it answers when it is asked about this machine. */
  readonly calls: CoderCalls;
  /** Once, before the runner takes work: ends what an earlier life of it left running. */
  start(): Promise<void>;
  /** After the runner has stopped: ends all agents and everything they started. */
  close(): Promise<void>;
}

const IDLE_MS = 10 * 60_000;

/**
 * Registers the entity type `coder`: one agent driven over one coding session.
 *
 * @example
 * const registry = createRegistry();
 * const coders = registerCoder(registry, { defaultWorkingDirectory: cwd, environment: process.env, owner: home });
 */
export function registerCoder(registry: Registry, options: CoderOptions): Coders {
  const { owner, environment } = options;
  const clock = options.clock ?? systemClock;
  const reaper = createReaper({ owner, table: procTable(), clock });
  const machine = { environment, owner, clock, reaper };
  const adapters = options.adapters ?? [
    createClaudeAgent(options.claude ?? {}, machine),
    createCodexAgent(options.codex ?? {}, machine),
    ...createAcpAgents(options.acp ?? {}, machine),
  ];
  const files = createAttachmentFiles(options.readBlob);
  const sources = options.sources ?? { codex: codexSessions(codexHomeIn(environment)) };
  const sourceOf = (agent: string): NativeSessions => {
    const sessions = adapters.find((one) => one.agent === agent)?.sessions ?? sources[agent];
    if (sessions !== undefined) return sessions;
    throw new SkeinError("agent_not_installed", `This runner knows no sessions of the agent “${agent}”.`);
  };
  const drivers = createDriverPool({ clock, idleMs: options.idleMs ?? IDLE_MS });
  const { allowedDirectories, worktrees } = options;
  const directories: DirectoryRules = {
    allowed: allowedDirectories && [...allowedDirectories, ...(worktrees === undefined ? [] : [worktrees])],
  };
  const checkpoints = createCheckpoints({ environment, directories, now: () => clock.now() });
  const attachments = async (): Promise<Attachments> => attachmentsOf((await options.listCoders?.()) ?? [], owner);
  const adapterOf = (agent: string): AgentAdapter => {
    const adapter = adapters.find((one) => one.agent === agent);
    if (adapter !== undefined) return adapter;
    throw new SkeinError("agent_not_installed", `This runner does not drive the agent “${agent}”.`);
  };

  const mapDirectory = directoryMapper(options.directoryMap ?? []);
  const follower = followerOf(options, {
    clock,
    sessionsOf: (name) => adapters.find(({ agent }) => agent === name)?.sessions,
  });

  registry.define("coder", {
    description: "Drives a coding agent over a durable session.",
    state: coderState,
    creationSchema: coderArgs,
    inboxSchemas: coderInbox,
    fork: { omitArgs: ["nativeSessionId", "importFrom", "resource", "cwd", "files"], omitTags: [NATIVE_SESSION_TAG] },
    // Its directory is there. When that machine is gone another may go on, as far as it can.
    binds: "move",
    admit: (request) => admit(request, { adapterOf, sourceOf, directories, attachments, options }),
    handler: (ctx) =>
      handleWake(ctx, {
        ...options,
        mapDirectory,
        files,
        clock,
        reaper,
        drivers,
        directories,
        adapterOf,
        sourceOf,
        checkpoints,
        follower,
      }),
  });

  let stopIdle = (): void => {};
  let stopFiles = (): Promise<void> => Promise.resolve();
  return {
    calls: createCoderCalls({ adapters, sources, directories, attachments, checkpoints }),
    async start() {
      await reaper.endAll();
      follower?.start();
      const { listCoders } = options;
      if (listCoders === undefined) return;
      stopIdle = sweepIdle({ clock, drivers, listCoders });
      const { sessionExists } = options;
      stopFiles = sweepFiles({ clock, worktrees, sessionExists, checkpoints, listCoders });
    },
    async close() {
      follower?.stop();
      stopIdle();
      await stopFiles();
      await drivers.close();
      await reaper.endAll();
      await files.close();
    },
  };
}

/** The original's name for the same thing. */
export const registerCodingSession = registerCoder;

function followerOf(
  { listCoders, sendTo, followEveryMs: everyMs }: CoderOptions,
  deps: Pick<FollowDeps, "clock" | "sessionsOf">,
): FileFollower | undefined {
  if (listCoders === undefined || sendTo === undefined) return undefined;
  return createFileFollower({ ...deps, listCoders, send: sendTo, everyMs });
}

interface AdmitDeps {
  readonly adapterOf: (agent: string) => AgentAdapter;
  readonly sourceOf: (agent: string) => NativeSessions;
  readonly directories: DirectoryRules;
  readonly attachments: () => Promise<Attachments>;
  readonly options: CoderOptions;
}

/** Everything that can be known to fail, before anything is made. */
async function admit(
  { args, forkedFrom }: { readonly args: CoderArgs; readonly forkedFrom?: ForkedFrom },
  deps: AdmitDeps,
): Promise<void> {
  const adapter = deps.adapterOf(args.agent);
  if (!(await adapter.isInstalled())) {
    const { hint = "" } = await adapter.status();
    throw new SkeinError("agent_not_installed", `${args.agent} is not installed on this machine. ${hint}`.trim());
  }
  if (!adapter.traits.modes.includes(args.permissionMode)) {
    throw new SkeinError("invalid_request", `${adapter.traits.name} has no mode “${args.permissionMode}”.`);
  }
  if (forkedFrom !== undefined && adapter.importer === undefined) {
    throw new SkeinError(
      "invalid_request",
      `${adapter.traits.name} takes no history: a fork of it would know nothing.`,
    );
  }
  const { nativeSessionId, importFrom } = args;
  if (importFrom !== undefined)
    await admitImport(args, importFrom, { adapter, source: deps.sourceOf(importFrom.agent) });
  if (nativeSessionId !== undefined && (await adapter.sessions.find(nativeSessionId)) === undefined) {
    throw new SkeinError("session_not_found", `${args.agent} has no session ${nativeSessionId} on this machine.`);
  }
  const directory = await workingDirectory(args, deps.options.defaultWorkingDirectory, deps.sourceOf);
  await checkDirectory(directory, deps.directories);
  if (nativeSessionId === undefined) return;
  const taken = (await deps.attachments()).get(nativeSessionId);
  if (taken !== undefined) {
    throw new SkeinError("session_in_use", `The session ${nativeSessionId} is open already, as ${taken}.`, {
      details: { attachedTo: taken },
    });
  }
}

async function admitImport(
  { agent, nativeSessionId }: CoderArgs,
  from: NonNullable<CoderArgs["importFrom"]>,
  { adapter, source }: { readonly adapter: AgentAdapter; readonly source: NativeSessions },
): Promise<void> {
  if (nativeSessionId !== undefined) {
    throw new SkeinError("invalid_request", "A session is either attached or imported, not both.");
  }
  if (adapter.importer === undefined) {
    throw new SkeinError("invalid_request", `Sessions cannot be brought to ${agent} on this machine yet.`);
  }
  if ((await source.find(from.sessionId)) === undefined) {
    throw new SkeinError("session_not_found", `${from.agent} has no session ${from.sessionId} on this machine.`);
  }
}

function codexHomeIn(environment: Environment): string {
  return environment["CODEX_HOME"] ?? join(environment["HOME"] ?? homedir(), ".codex");
}
