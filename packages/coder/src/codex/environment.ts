import { delimiter } from "node:path";
import { passVariables } from "../process/environment.ts";
import type { Credentials, Environment } from "../process/environment.ts";
import { SESSION_MARKER } from "../process/marker.ts";

/** What the app server sees of our environment: what is named here, and nothing else. Its shell sees less still. */
export interface CodexEnvironmentOptions {
  readonly source: Environment;
  readonly credentials: Credentials;
  readonly marker: string;
  /** Further variables to pass on, by name: proxies, certificates. */
  readonly pass: readonly string[];
  /** A folder in front of the PATH. */
  readonly tools?: string | undefined;
}

const PROVIDER = ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "CODEX_API_KEY"];

export function codexEnvironment(options: CodexEnvironmentOptions): Record<string, string> {
  const { source, tools } = options;
  const provider = options.credentials === "env" ? PROVIDER : [];
  const path = source["PATH"] ?? "";
  return {
    ...passVariables(source, ["CODEX_HOME", ...options.pass, ...provider]),
    ...(tools === undefined ? {} : { PATH: path === "" ? tools : `${tools}${delimiter}${path}` }),
    [SESSION_MARKER]: options.marker,
  };
}
