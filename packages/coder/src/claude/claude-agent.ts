import { homedir } from "node:os";
import { join } from "node:path";
import { SkeinError } from "@skein/protocol";
import { createClaudeNormaliser } from "@skein/sessions";
import type { AgentAdapter } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import type { Reaper } from "../process/reaper.ts";
import { findClaudeBinary, packagedBinary } from "./binary.ts";
import type { ClaudeBinary } from "./binary.ts";
import { createClaudeDriver } from "./drive.ts";
import type { Timing } from "../drive/timing.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import type { SettingSource } from "./options.ts";
import { claudeImporter } from "./importer.ts";
import { claudeNative } from "./native-files.ts";
import { loadQuery } from "./sdk.ts";
import type { QueryFunction } from "./sdk.ts";
import { claudeStatus } from "./status.ts";
import { claudeSessions } from "./native-sessions.ts";

/** How Claude Code is used on this machine. */
export interface ClaudeSettings {
  /** Default: `claude` on the PATH, then the SDK's optional package. */
  readonly executable?: string | undefined;
  /** Default `login`: the person's own sign-in; no provider key of our environment is passed on. */
  readonly credentials?: Credentials | undefined;
  /** Default `["user"]`: nothing that a repository says is executed. */
  readonly settingSources?: readonly SettingSource[] | undefined;
  /** Names of further variables of our environment that the agent may see: proxies, certificates. */
  readonly passEnvironment?: readonly string[] | undefined;
  /** How often a failed call of the model is tried again. Default 6. */
  readonly maxRetries?: number | undefined;
  readonly timing?: Partial<Timing> | undefined;
  /** The SDK's; for tests. */
  readonly loadQuery?: (() => Promise<QueryFunction>) | undefined;
}

export interface ClaudeAgentDeps {
  /** The environment of this process, or what stands for it. */
  readonly environment: Environment;
  readonly owner: string;
  readonly clock: Clock;
  readonly reaper: Reaper;
}

export function createClaudeAgent(settings: ClaudeSettings, deps: ClaudeAgentDeps): AgentAdapter {
  const { environment } = deps;
  const configDir = environment["CLAUDE_CONFIG_DIR"] ?? join(environment["HOME"] ?? homedir(), ".claude");
  const credentials = settings.credentials ?? "login";
  const sessions = claudeSessions(configDir);
  const binary = (): Promise<ClaudeBinary> =>
    findClaudeBinary({
      path: environment["PATH"] ?? "",
      packaged: packagedBinary(),
      ...(settings.executable === undefined ? {} : { configured: settings.executable }),
    });
  const driverDeps = {
    ...deps,
    credentials,
    loadQuery: settings.loadQuery ?? loadQuery,
    settingSources: settings.settingSources ?? ["user"],
    passEnvironment: settings.passEnvironment ?? [],
    maxRetries: settings.maxRetries ?? 6,
    sessionExists: async (id: string) => (await sessions.find(id)) !== undefined,
    createNormaliser: () => createClaudeNormaliser({ source: "live" }),
    async findExecutable() {
      const found = await binary();
      if (found.kind === "found") return found.path;
      throw new SkeinError(
        "agent_not_installed",
        "Claude Code is not installed on this machine. Install it (npm install -g @anthropic-ai/claude-code).",
      );
    },
    ...(settings.timing === undefined ? {} : { timing: settings.timing }),
  };
  return {
    agent: "claude",
    traits: { name: "Claude Code", modes: ["ask", "accept-edits", "plan", "bypass"], steers: true, images: true },
    sessions,
    importer: claudeImporter(configDir),
    nativeFiles: claudeNative(configDir),
    createDriver: (options) => createClaudeDriver(driverDeps, options),
    isInstalled: async () => (await binary()).kind === "found",
    status: async () => claudeStatus({ binary: await binary(), environment, credentials, configDir }),
  };
}
