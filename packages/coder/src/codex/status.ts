import { join } from "node:path";
import type { AgentStatus } from "../adapter.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import type { CodexBinary } from "./binary.ts";
import { exists } from "../process/files.ts";
import { installedVersion } from "../process/installed-version.ts";

/** Whether Codex can be used here, and if not, what to do. Asks no network. */
export async function codexStatus(deps: {
  readonly binary: CodexBinary;
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly codexHome: string;
}): Promise<AgentStatus> {
  if (deps.binary.kind === "missing") {
    return { agent: "codex", installed: false, hint: "Install Codex: npm install -g @openai/codex" };
  }
  const version = await installedVersion(deps.binary.path, deps.environment);
  const signedIn = await isSignedIn(deps);
  return {
    agent: "codex",
    installed: true,
    ...(version === undefined ? {} : { version }),
    ...(signedIn === undefined ? {} : { signedIn }),
    ...(signedIn === false ? { hint: "Run `codex login` in a terminal on this machine and sign in." } : {}),
  };
}

/** `undefined`: it may be in the system's key chain, or be the business of a provider that is configured. */
async function isSignedIn(deps: {
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly codexHome: string;
}): Promise<boolean | undefined> {
  if (deps.credentials === "env" && (deps.environment["OPENAI_API_KEY"] ?? "") !== "") return true;
  if (await exists(join(deps.codexHome, "auth.json"))) return true;
  return (await exists(join(deps.codexHome, "config.toml"))) ? undefined : false;
}
