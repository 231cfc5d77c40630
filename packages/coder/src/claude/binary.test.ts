import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findClaudeBinary } from "./binary.ts";
import { claudeStatus } from "./status.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "skein-binary-"));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function install(folder: string, script = "#!/bin/sh\necho 2.1.330 '(Claude Code)'\n"): Promise<string> {
  await mkdir(join(root, folder), { recursive: true });
  const path = join(root, folder, "claude");
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

test("[CD29] the person's own installation comes before the one of the SDK, and a configured one before both", async () => {
  const own = await install("bin");
  const packaged = await install("packaged");
  const path = `${root}/nowhere:${root}/bin`;
  expect(await findClaudeBinary({ path, packaged })).toEqual({ kind: "found", path: own, from: "path" });
  expect(await findClaudeBinary({ path: "", packaged })).toEqual({ kind: "found", path: packaged, from: "package" });
  expect(await findClaudeBinary({ path: "" })).toEqual({ kind: "missing" });
  const configured = `${root}/missing`;
  expect(await findClaudeBinary({ path, packaged, configured })).toEqual({ kind: "missing" });
});

test("[CD29] a file that cannot be executed is no installation", async () => {
  await chmod(await install("bin"), 0o644);
  expect(await findClaudeBinary({ path: `${root}/bin` })).toEqual({ kind: "missing" });
});

test("[CD29] the state of the agent says what to do", async () => {
  const binary = { kind: "found", path: await install("bin"), from: "path" } as const;
  const deps = { binary, environment: {}, credentials: "login", configDir: join(root, "config") } as const;
  const missing = await claudeStatus({ ...deps, binary: { kind: "missing" } });
  expect(missing).toMatchObject({ installed: false, hint: expect.stringContaining("npm install") });
  const expected = process.platform === "darwin" ? { installed: true } : { installed: true, signedIn: false };
  expect(await claudeStatus(deps)).toMatchObject({ version: "2.1.330", ...expected });
  const environment = { ANTHROPIC_API_KEY: "key" };
  expect(await claudeStatus({ ...deps, environment, credentials: "env" })).toMatchObject({ signedIn: true });
  await mkdir(deps.configDir);
  await writeFile(join(deps.configDir, ".credentials.json"), "{}");
  expect(await claudeStatus(deps)).toMatchObject({ signedIn: true });
});
