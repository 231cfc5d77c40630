import { passVariables } from "../process/environment.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import { SESSION_MARKER } from "../process/marker.ts";

/** What Claude Code and its shell see of our environment. */
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

const PROVIDER = [
  ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN"],
  ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "ANTHROPIC_VERTEX_PROJECT_ID", "CLOUD_ML_REGION"],
  ["AWS_REGION", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"],
].flat();

export function buildEnvironment(options: EnvironmentOptions): Record<string, string> {
  const provider = options.credentials === "env" ? PROVIDER : [];
  return {
    ...passVariables(options.source, ["CLAUDE_CONFIG_DIR", ...options.pass, ...provider]),
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
