import { delimiter } from "node:path";
import type { Credentials, Environment } from "../claude/environment.ts";
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

const BASIC = [
  ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ"],
  ["LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "CODEX_HOME"],
  ["SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"],
].flat();

const PROVIDER = ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "CODEX_API_KEY"];

export function codexEnvironment(options: CodexEnvironmentOptions): Record<string, string> {
  const { source, tools } = options;
  const names = [...BASIC, ...options.pass, ...(options.credentials === "env" ? PROVIDER : [])];
  const passed = names.flatMap((name) => {
    const value = source[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  const path = source["PATH"] ?? "";
  return {
    ...Object.fromEntries(passed),
    ...(tools === undefined ? {} : { PATH: path === "" ? tools : `${tools}${delimiter}${path}` }),
    [SESSION_MARKER]: options.marker,
  };
}
