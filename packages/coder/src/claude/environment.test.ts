import { expect, test } from "vitest";
import { buildEnvironment } from "./environment.ts";
import type { EnvironmentOptions } from "./environment.ts";

const source = {
  PATH: "/bin",
  HOME: "/home/me",
  LANG: "",
  CLAUDE_CONFIG_DIR: "/config",
  ANTHROPIC_API_KEY: "secret",
  SKEIN_TOKEN: "secret",
  DATABASE_URL: "secret",
  NODE_OPTIONS: "--inspect",
  HTTPS_PROXY: "http://proxy",
};
const build = (changes: Partial<EnvironmentOptions> = {}) =>
  buildEnvironment({
    source,
    credentials: "login",
    marker: "o:s",
    bypass: false,
    root: false,
    maxRetries: 3,
    pass: [],
    ...changes,
  });

test("[CD27] variables that are named get in, and no others", () => {
  const env = build();
  expect(Object.keys(env).sort()).toEqual([
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    "CLAUDE_CODE_MAX_RETRIES",
    "CLAUDE_CONFIG_DIR",
    "DISABLE_AUTOUPDATER",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_TELEMETRY",
    "HOME",
    "PATH",
    "SKEIN_CODER_SESSION",
  ]);
  expect(JSON.stringify(env)).not.toContain("secret");
});

test("[CD27] provider keys and further variables only when asked for", () => {
  expect(build({ credentials: "env" })["ANTHROPIC_API_KEY"]).toBe("secret");
  expect(build({ pass: ["HTTPS_PROXY"] })["HTTPS_PROXY"]).toBe("http://proxy");
});

test("the sandbox flag is set for root in bypass, and for nobody else", () => {
  expect(build({ bypass: true, root: true })["IS_SANDBOX"]).toBe("1");
  expect(build({ bypass: true })).not.toHaveProperty("IS_SANDBOX");
  expect(build({ root: true })).not.toHaveProperty("IS_SANDBOX");
});
