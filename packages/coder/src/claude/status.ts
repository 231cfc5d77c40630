import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AgentStatus } from "../adapter.ts";
import type { ClaudeBinary } from "./binary.ts";
import type { Credentials, Environment } from "./environment.ts";

const run = promisify(execFile);

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
  const version = await versionOf(deps.binary.path);
  const signedIn = await isSignedIn(deps);
  return {
    agent: "claude",
    installed: true,
    ...(version === undefined ? {} : { version }),
    ...(signedIn === undefined ? {} : { signedIn }),
    ...(signedIn === false ? { hint: "Run `claude` in a terminal on this machine and sign in." } : {}),
  };
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000, env: {} });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
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

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
