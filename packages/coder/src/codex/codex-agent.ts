import { homedir } from "node:os";
import { join } from "node:path";
import { SkeinError } from "@skein/protocol";
import { createCodexNormaliser } from "@skein/sessions";
import { readCodexSession } from "@skein/sessions/node";
import type { AgentAdapter } from "../adapter.ts";
import type { Timing } from "../drive/timing.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import type { Clock } from "../clock.ts";
import { sessionMarker } from "../process/marker.ts";
import type { Reaper } from "../process/reaper.ts";
import { openAppServer } from "./app-server.ts";
import type { AppServer } from "./app-server.ts";
import { findCodexBinary, packagedCodex } from "./binary.ts";
import type { CodexBinary } from "./binary.ts";
import { createCodexDriver } from "./drive.ts";
import { codexEnvironment } from "./environment.ts";
import { codexImporter } from "./importer.ts";
import { codexNative } from "./native-files.ts";
import { codexSessions } from "./native-sessions.ts";
import { providerName, serverArguments } from "./settings.ts";
import { createSharedServer } from "./shared-server.ts";
import { codexStatus } from "./status.ts";

/** How Codex is used on this machine. */
export interface CodexSettings {
  /** Default: `codex` on the PATH, then the optional package. */
  readonly executable?: string | undefined;
  /** Default `login`: the person's own sign-in; no provider key of our environment is passed on. */
  readonly credentials?: Credentials | undefined;
  /** Names of further variables of our environment that Codex may see: proxies, certificates. */
  readonly passEnvironment?: readonly string[] | undefined;
  /** How often a failed call of the model is tried again, with `credentials: "env"`. Default 4. */
  readonly maxRetries?: number | undefined;
  readonly timing?: Partial<Timing> | undefined;
}

export interface CodexAgentDeps {
  /** The environment of this process, or what stands for it. */
  readonly environment: Environment;
  readonly owner: string;
  readonly clock: Clock;
  readonly reaper: Reaper;
}

/** The mark of the server's own process: no session has such an id. */
const SERVER = "codex/app-server";

export function createCodexAgent(settings: CodexSettings, deps: CodexAgentDeps): AgentAdapter {
  const { environment, owner, reaper } = deps;
  const home = environment["HOME"] ?? homedir();
  const codexHome = environment["CODEX_HOME"] ?? join(home, ".codex");
  const credentials = settings.credentials ?? "login";
  const sessions = codexSessions(codexHome);
  const provider = { credentials, environment, maxRetries: settings.maxRetries ?? 4 };
  const binary = (): Promise<CodexBinary> =>
    findCodexBinary({
      path: environment["PATH"] ?? "",
      packaged: packagedCodex(),
      ...(settings.executable === undefined ? {} : { configured: settings.executable }),
    });

  async function open(): Promise<AppServer> {
    const found = await binary();
    if (found.kind === "missing") {
      const message = "Codex is not installed on this machine. Install it (npm install -g @openai/codex).";
      throw new SkeinError("agent_not_installed", message);
    }
    const env = codexEnvironment({
      source: environment,
      credentials,
      marker: sessionMarker(owner, SERVER),
      pass: settings.passEnvironment ?? [],
      tools: found.tools,
    });
    return openAppServer({ executable: found.path, args: serverArguments(provider), env, cwd: home });
  }

  const driverDeps = {
    ...deps,
    provider,
    servers: createSharedServer({ open, clear: () => reaper.endSession(SERVER) }),
    findSession: async (id: string) => (await sessions.find(id))?.path,
    createNormaliser: createCodexNormaliser,
    readSession: (path: string) => readCodexSession({ path }),
    timing: settings.timing,
  };
  return {
    agent: "codex",
    traits: { name: "Codex", modes: ["ask", "accept-edits", "plan", "bypass"], steers: true, images: true },
    sessions,
    importer: codexImporter({ codexHome, modelProvider: providerName(provider) }),
    nativeFiles: codexNative(codexHome),
    createDriver: (options) => createCodexDriver(driverDeps, options),
    isInstalled: async () => (await binary()).kind === "found",
    status: async () => codexStatus({ binary: await binary(), environment, credentials, codexHome }),
  };
}
