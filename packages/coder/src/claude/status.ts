import { join } from "node:path";
import type { AgentStatus } from "../adapter.ts";
import type { ClaudeBinary } from "./binary.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import { exists } from "../process/files.ts";
import { installedVersion } from "../process/installed-version.ts";

/** Whether Claude Code can be used here, and if not, what to do. Asks no network. */
export async function claudeStatus(deps: {
  readonly binary: ClaudeBinary;
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly configDir: string;
}): Promise<AgentStatus> {
  if (deps.binary.kind === "missing") {
    const hint = "Install Claude Code: npm install -g @anthropic-ai/claude-code";
    return { agent: "claude", installed: false, hint };
  }
  const version = await installedVersion(deps.binary.path, deps.environment);
  const signedIn = await isSignedIn(deps);
  return {
    agent: "claude",
    installed: true,
    ...(version === undefined ? {} : { version }),
    ...(signedIn === undefined ? {} : { signedIn }),
    ...(signedIn === false ? { hint: "Run `claude` in a terminal on this machine and sign in." } : {}),
  };
}

/** `undefined`: the sign-in may be in the system's key chain, or be a helper's business. */
async function isSignedIn(deps: {
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly configDir: string;
}): Promise<boolean | undefined> {
  const { environment, credentials } = deps;
  const keys = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];
  if (credentials === "env" && keys.some((name) => (environment[name] ?? "") !== "")) return true;
  if (await exists(join(deps.configDir, ".credentials.json"))) return true;
  const elsewhere = process.platform === "darwin" || (await exists(join(deps.configDir, "settings.json")));
  return elsewhere ? undefined : false;
}
