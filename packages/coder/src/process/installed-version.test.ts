import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { installedVersion } from "./installed-version.ts";

async function program(text: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "skein-version-"));
  const path = join(folder, "agent");
  await writeFile(path, text);
  await chmod(path, 0o755);
  return { path, remove: () => rm(folder, { recursive: true }) };
}

const environment = { PATH: dirname(process.execPath), SECRET: "s3cret" };

test("an agent that npm installed as a script says its version, and sees nothing of the server's environment", async () => {
  const { path, remove } = await program(
    '#!/usr/bin/env node\nconsole.log(process.env.SECRET === undefined ? "agent 1.2.3 (beta)" : "leak");\n',
  );
  expect(await installedVersion(path, { ...environment, PATH: `${environment.PATH}:/usr/bin:/bin` })).toBe("1.2.3");
  await remove();
});

test("a program that fails or says no version has none", async () => {
  const { path, remove } = await program("#!/bin/sh\nexit 1\n");
  expect(await installedVersion(path, environment)).toBeUndefined();
  expect(await installedVersion(`${path}-missing`, environment)).toBeUndefined();
  await remove();
});
