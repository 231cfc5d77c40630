import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AgentStatus } from "../adapter.ts";
import type { Credentials, Environment } from "../claude/environment.ts";
import type { CodexBinary } from "./binary.ts";

const run = promisify(execFile);

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
  const version = await versionOf(deps.binary.path, deps.environment);
  const signedIn = await isSignedIn(deps);
  return {
    agent: "codex",
    installed: true,
    ...(version === undefined ? {} : { version }),
    ...(signedIn === undefined ? {} : { signedIn }),
    ...(signedIn === false ? { hint: "Run `codex login` in a terminal on this machine and sign in." } : {}),
  };
}

async function versionOf(path: string, { PATH = "" }: Environment): Promise<string | undefined> {
  try {
    // The `codex` of npm is a script, which finds its interpreter on the PATH.
    const { stdout } = await run(path, ["--version"], { timeout: 10_000, env: { PATH } });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
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

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
