import { SkeinError } from "@skein/protocol";
import type { AgentAdapter, NativeSessions } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import type { Timing } from "../drive/timing.ts";
import { passVariables } from "../process/environment.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import { findOnPath, isExecutable } from "../process/files.ts";
import { SESSION_MARKER, sessionMarker } from "../process/marker.ts";
import type { Reaper } from "../process/reaper.ts";
import { createAcpDriver } from "./drive.ts";
import { ACP_PRESETS, customPreset } from "./presets.ts";
import type { AcpPreset, CustomAcpAgent } from "./presets.ts";
import { startAcpProcess } from "./process.ts";

/** Agents that speak ACP, on this machine. */
export interface AcpSettings {
  /** Set up by a person, by the name under which sessions are made with them. One of ours is replaced by it. */
  readonly agents?: Readonly<Record<string, CustomAcpAgent>> | undefined;
  /** Default `login`: the agent's own sign-in; no provider key of our environment is passed on. */
  readonly credentials?: Credentials | undefined;
  /** Names of further variables of our environment that agents may see: proxies, certificates. */
  readonly passEnvironment?: readonly string[] | undefined;
  readonly timing?: Partial<Timing> | undefined;
}

export interface AcpAgentDeps {
  /** The environment of this process, or what stands for it. */
  readonly environment: Environment;
  readonly owner: string;
  readonly clock: Clock;
  readonly reaper: Reaper;
}

/** All that can be driven here: those that we know, and those that were set up. */
export function createAcpAgents(settings: AcpSettings, deps: AcpAgentDeps): AgentAdapter[] {
  const custom = Object.entries(settings.agents ?? {}).map(
    ([agent, one]) => [agent, customPreset(agent, one)] as const,
  );
  const presets: Readonly<Record<string, AcpPreset>> = { ...ACP_PRESETS, ...Object.fromEntries(custom) };
  return Object.entries(presets).map(([agent, preset]) => createAcpAgent(agent, preset, settings, deps));
}

function createAcpAgent(agent: string, preset: AcpPreset, settings: AcpSettings, deps: AcpAgentDeps): AgentAdapter {
  const { environment, owner, clock, reaper } = deps;
  const [program, ...args] = preset.command;
  const find = async (): Promise<string | undefined> => {
    if (!/[\\/]/.test(program)) return findOnPath(program, environment["PATH"] ?? "");
    return (await isExecutable(program)) ? program : undefined;
  };
  const names = [
    ...preset.environment,
    ...(settings.passEnvironment ?? []),
    ...(settings.credentials === "env" ? preset.credentials : []),
  ];
  return {
    agent,
    traits: { name: preset.name, modes: preset.modes, steers: false, images: preset.images },
    sessions: NO_FILES,
    createDriver: (options) =>
      createAcpDriver(
        {
          agent,
          preset,
          clock,
          reaper,
          timing: settings.timing,
          async start({ sessionId, cwd }, on) {
            const path = await find();
            if (path === undefined) {
              throw new SkeinError(
                "agent_not_installed",
                `${preset.name} is not installed on this machine. ${preset.hint}`,
              );
            }
            const marker = sessionMarker(owner, sessionId);
            const env = { ...passVariables(environment, names), [SESSION_MARKER]: marker };
            return startAcpProcess({ command: [path, ...args], env, cwd, name: preset.name, ...on });
          },
        },
        options,
      ),
    isInstalled: async () => (await find()) !== undefined,
    async status() {
      if ((await find()) === undefined) return { agent, installed: false, hint: preset.hint };
      // Whether it is signed in, and its version, are known to it alone: starting it to ask takes seconds.
      return { agent, installed: true };
    },
  };
}

/** Their sessions are their own: the protocol has no files that could be read while they do not run. */
const NO_FILES: NativeSessions = {
  find: () => Promise.resolve(undefined),
  cwdOf: () => Promise.resolve(undefined),
  list: () => Promise.resolve({ sessions: [], skipped: 0 }),
  // oxlint-disable-next-line no-empty-function
  async *load() {},
};
