import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PermissionMode } from "@skein/sessions";
import type { Credentials, Environment } from "../process/environment.ts";
import type { DriverOptions } from "../driver.ts";
import { SESSION_MARKER } from "../process/marker.ts";

/** What Codex is told, always explicitly where its default depends on the account, the repository or the version. */

/** Who may be asked, and what runs without asking. */
const MODES = {
  // Every command and every patch; what is allowed still runs in the sandbox.
  ask: { approvalPolicy: "untrusted", sandbox: "workspace-write" },
  // The sandbox decides: what stays in the working directory runs, the rest is asked.
  "accept-edits": { approvalPolicy: "on-request", sandbox: "workspace-write" },
  // Looks at everything, and may only propose: what would change something is asked.
  plan: { approvalPolicy: "on-request", sandbox: "read-only" },
  bypass: { approvalPolicy: "never", sandbox: "danger-full-access" },
} as const satisfies Record<PermissionMode, { approvalPolicy: string; sandbox: string }>;

/** Our name of the provider that is made of the environment's key. */
const ENV_PROVIDER = "openai-api-key";

export interface Provider {
  readonly credentials: Credentials;
  readonly environment: Environment;
  /** How often a failed call of the model is tried again. */
  readonly maxRetries: number;
}

/** In whose name threads go on. */
export function providerName(provider: Provider): string {
  return usesKey(provider) ? ENV_PROVIDER : "openai";
}

/** Arguments of the app server, for all its threads. */
export function serverArguments(provider: Provider): string[] {
  const settings = [
    // Each of these would speak to the network or run something that nobody asked for.
    "features.plugins=false",
    "features.shell_snapshot=false",
    "analytics.enabled=false",
    "check_for_update_on_startup=false",
    // Without it the agent may ask its questions only while it plans.
    "features.default_mode_request_user_input=true",
    "suppress_unstable_features_warning=true",
    'shell_environment_policy.inherit="core"',
    ...(usesKey(provider)
      ? [`model_provider="${ENV_PROVIDER}"`, `model_providers.${ENV_PROVIDER}=${providerTable(provider)}`]
      : []),
  ];
  return ["app-server", ...settings.flatMap((setting) => ["-c", setting])];
}

function usesKey({ credentials, environment }: Provider): boolean {
  return credentials === "env" && (environment["OPENAI_API_KEY"] ?? "") !== "";
}

function providerTable({ environment, maxRetries }: Provider): string {
  const base = environment["OPENAI_BASE_URL"] ?? "";
  const fields = {
    name: "OpenAI",
    base_url: base === "" ? "https://api.openai.com/v1" : base,
    env_key: "OPENAI_API_KEY",
    wire_api: "responses",
    request_max_retries: maxRetries,
    stream_max_retries: maxRetries,
  };
  // Strings of JSON are strings of TOML.
  return `{${Object.entries(fields)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

/** Parameters that a thread is started and resumed with. */
export async function threadParams(
  { cwd, model, permissionMode }: DriverOptions,
  { provider, marker }: { readonly provider: Provider; readonly marker: string },
): Promise<Record<string, unknown>> {
  const untrusted = (await foldersOf(cwd)).map((folder) => [folder, { trust_level: "untrusted" }] as const);
  return {
    cwd,
    ...(model === undefined ? {} : { model }),
    ...(usesKey(provider) ? { modelProvider: ENV_PROVIDER } : {}),
    ...MODES[permissionMode],
    config: {
      // Otherwise a sandbox that may write makes the repository trusted for good, and runs what it configures.
      projects: Object.fromEntries(untrusted),
      // Commands carry the session's own mark: the server's process is everybody's.
      shell_environment_policy: { inherit: "core", set: { [SESSION_MARKER]: marker } },
    },
  };
}

/** Every folder that trust may hang on: the directory, those above it, and the repository of a worktree. */
export async function foldersOf(cwd: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  for (let folder = cwd; ; folder = dirname(folder)) {
    folders.add(folder);
    const link = await readFile(join(folder, ".git"), "utf8").catch(() => "");
    const repository = /^gitdir:\s*(.+?)[/\\]\.git[/\\]worktrees[/\\]/.exec(link)?.[1];
    if (repository !== undefined) folders.add(repository);
    if (dirname(folder) === folder) return [...folders];
  }
}
