import { SESSION_MARKER } from "../process/marker.ts";

/**
 * What Claude Code and its shell see of our environment. It is built from nothing: a variable that is not named here
 * does not get in, so no token or key of the server does.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the agent's credentials come from: its own sign-in on this machine, or provider variables of our environment
 * (which its commands can then read too).
 */
export type Credentials = "login" | "env";

export interface EnvironmentOptions {
  readonly source: Environment;
  readonly credentials: Credentials;
  readonly marker: string;
  readonly bypass: boolean;
  readonly root: boolean;
  readonly maxRetries: number;
  /** Further variables to pass on, by name: proxies, certificates. */
  readonly pass: readonly string[];
}

const BASIC = [
  ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"],
  ["LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "CLAUDE_CONFIG_DIR"],
  // Windows finds its own parts by these.
  ["SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"],
].flat();

const PROVIDER = [
  ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN"],
  ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION"],
  ["AWS_REGION", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"],
].flat();

export function buildEnvironment(options: EnvironmentOptions): Record<string, string> {
  const names = [...BASIC, ...options.pass, ...(options.credentials === "env" ? PROVIDER : [])];
  const passed = names.flatMap((name) => {
    const value = options.source[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_AUTOUPDATER: "1",
    // One result per prompt: nothing goes on behind a turn's end.
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
    CLAUDE_CODE_MAX_RETRIES: String(options.maxRetries),
    // Claude Code refuses this mode to root otherwise.
    ...(options.bypass && options.root ? { IS_SANDBOX: "1" } : {}),
    [SESSION_MARKER]: options.marker,
  };
}
