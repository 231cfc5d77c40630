import { SkeinError } from "@skein/protocol";
import { createChannel } from "../channel.ts";
import type { DriverOptions } from "../driver.ts";
import { sessionMarker } from "../process/marker.ts";
import { buildEnvironment } from "./environment.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import { claudeOptions } from "./options.ts";
import type { MODES, SettingSource } from "./options.ts";
import type { ClaudeOptions, ClaudePermissionResult, ClaudeUserMessage, QueryFunction } from "./sdk.ts";
import { createAgentProcess } from "./spawn.ts";

/** One process of Claude Code that runs a session: prompts go in, messages come out until it ends. */
export interface Agent {
  send(message: ClaudeUserMessage): void;
  interrupt(): Promise<void>;
  setMode(mode: (typeof MODES)[keyof typeof MODES]): Promise<void>;
  pid(): number | undefined;
  stderr(): string;
  end(): Promise<void>;
}

type CanUseTool = NonNullable<ClaudeOptions["canUseTool"]>;
export type AskOptions = Parameters<CanUseTool>[2];

export interface AgentDeps {
  readonly loadQuery: () => Promise<QueryFunction>;
  /** The path of the binary; throws `agent_not_installed`. */
  readonly findExecutable: () => Promise<string>;
  /** Whether the agent has a session of this id on disk. */
  readonly sessionExists: (nativeSessionId: string) => Promise<boolean>;
  readonly environment: Environment;
  readonly owner: string;
  readonly credentials: Credentials;
  readonly settingSources: readonly SettingSource[];
  readonly passEnvironment: readonly string[];
  readonly maxRetries: number;
  readonly onMessage: (message: unknown) => void;
  /** Once, when the process is gone; `error` when it did not end by itself and well. */
  readonly onEnd: (agent: Agent, error: unknown) => void;
  readonly onAsk: (tool: string, input: Record<string, unknown>, ask: AskOptions) => Promise<ClaudePermissionResult>;
}

const END_GRACE_MS = 1000;

export async function openAgent(deps: AgentDeps, driver: DriverOptions): Promise<Agent> {
  const executable = await deps.findExecutable();
  const session = await nativeSession(deps, driver);
  const query = await deps.loadQuery();
  const input = createChannel<ClaudeUserMessage>();
  const process = createAgentProcess();
  const env = buildEnvironment({
    source: deps.environment,
    credentials: deps.credentials,
    marker: sessionMarker(deps.owner, driver.sessionId),
    bypass: driver.permissionMode === "bypass",
    root: isRoot(),
    maxRetries: deps.maxRetries,
    pass: deps.passEnvironment,
  });
  const parts = { canUseTool: deps.onAsk, spawnClaudeCodeProcess: process.spawn };
  const running = query({
    prompt: input,
    options: claudeOptions({ driver, executable, env, settingSources: deps.settingSources, session }, parts),
  });

  const agent: Agent = {
    send: (message) => input.push(message),
    async interrupt() {
      await running.interrupt();
    },
    setMode: (mode) => running.setPermissionMode(mode),
    pid: () => process.pid(),
    stderr: () => process.stderr(),
    async end() {
      input.end();
      await process.end(END_GRACE_MS);
      running.close();
      await pumped;
    },
  };
  const pumped = pump(running, deps.onMessage).then((error) => deps.onEnd(agent, error));
  return agent;
}

/** Reads until the end; answers with the error that ended it. */
async function pump(messages: AsyncIterable<unknown>, onMessage: (message: unknown) => void): Promise<unknown> {
  try {
    for await (const message of messages) onMessage(message);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function nativeSession(
  deps: AgentDeps,
  { native }: DriverOptions,
): Promise<{ kind: "resume" | "new"; id: string }> {
  const exists = await deps.sessionExists(native.id);
  if (!exists && native.kind === "resume") {
    throw new SkeinError("session_not_found", `Claude Code has no session ${native.id} on this machine.`);
  }
  return { kind: exists ? "resume" : "new", id: native.id };
}

function isRoot(): boolean {
  return typeof process.getuid === "function" && process.getuid() === 0;
}
