import { SkeinError } from "@skein/protocol";
import type { CodexNormaliser } from "@skein/sessions";
import type { DriverOptions } from "../driver.ts";
import { sessionMarker } from "../process/marker.ts";
import type { AppServer } from "./app-server.ts";
import { account, openedThread } from "./messages.ts";
import { createRolloutTail } from "./rollout-tail.ts";
import type { RolloutTail } from "./rollout-tail.ts";
import { threadParams } from "./settings.ts";
import type { Provider } from "./settings.ts";
import type { SharedServer } from "./shared-server.ts";

/** A thread that is open in the app server. */
export interface OpenThread {
  readonly id: string;
  readonly path: string;
  readonly model: string | undefined;
  readonly agentVersion: string | undefined;
  readonly server: AppServer;
  readonly tail: RolloutTail;
  /** What it was asked for last that stays until something else is. */
  readonly asked: { mode: "plan" | "default" | undefined };
}

export interface ThreadDeps {
  readonly servers: SharedServer;
  readonly provider: Provider;
  readonly owner: string;
  /** The file of a thread, if there is one on disk. */
  readonly findSession: (id: string) => Promise<string | undefined>;
  readonly createNormaliser: () => CodexNormaliser;
}

/** Opens a session: the one that is there, else a new one, whose id is Codex's own choice. */
export async function openThread(deps: ThreadDeps, options: DriverOptions): Promise<OpenThread> {
  const path = await deps.findSession(options.native.id);
  if (path === undefined && options.native.kind === "resume") {
    throw new SkeinError("session_not_found", `Codex has no session ${options.native.id} on this machine.`);
  }
  const server = await deps.servers.take();
  try {
    await requireSignIn(server);
    const marker = sessionMarker(deps.owner, options.sessionId);
    const params = await threadParams(options, { provider: deps.provider, marker });
    const answer = await (path === undefined
      ? server.request("thread/start", params)
      : server.request("thread/resume", { ...params, threadId: options.native.id, excludeTurns: true }));
    const { thread, model } = openedThread.parse(answer);
    const file = thread.path ?? path;
    if (file === undefined) throw new SkeinError("agent_failed", "Codex keeps no file of the session.");
    const tail = createRolloutTail(file, deps.createNormaliser());
    // What is there has been brought in by whoever resumes; the normaliser needs it to know its place.
    await tail.read();
    return {
      id: thread.id,
      path: file,
      model,
      agentVersion: thread.cliVersion,
      server,
      tail,
      asked: { mode: undefined },
    };
  } catch (error) {
    await deps.servers.giveBack(server);
    throw inUse(error);
  }
}

/** Asked before a turn is begun: otherwise Codex goes to the network first. */
async function requireSignIn(server: AppServer): Promise<void> {
  const { account: known, requiresOpenaiAuth } = account.parse(await server.request("account/read", {}));
  if (!requiresOpenaiAuth || (known !== null && known !== undefined)) return;
  throw new SkeinError(
    "agent_not_signed_in",
    "Codex is not signed in on this machine. Run `codex login` there and sign in.",
  );
}

function inUse(error: unknown): unknown {
  if (!(error instanceof Error) || !/active writer/i.test(error.message)) return error;
  const message = "The session is open in another Codex on this machine. Close it there first.";
  return new SkeinError("session_in_use", message, { cause: error });
}

/** What other processes of the session run in the background, and the session itself. Failures do not matter. */
export async function closeThread(
  { id: threadId, server, tail }: OpenThread,
  within: (work: Promise<unknown>) => Promise<void>,
): Promise<void> {
  await tail.close();
  if (!server.isAlive()) return;
  await within(endCommands(server, threadId));
  await within(server.request("thread/unsubscribe", { threadId }));
}

/** Ends commands that run on behind a turn. */
export function endCommands(server: AppServer, threadId: string): Promise<unknown> {
  return server.request("thread/backgroundTerminals/clean", { threadId });
}
