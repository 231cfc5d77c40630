import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, readServerFile, removeServerFile, writeServerFile } from "./server-file.ts";

const server = { url: "http://127.0.0.1:1", token: "t", pid: process.pid, startedAt: 5 };

async function fresh(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "skein-server-file-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "home", "server.json");
}

test("[CL7] the server file is its owner's only, in a folder that is", async () => {
  const path = await fresh();
  await writeServerFile(path, server);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(server);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(path, ".."))).toEqual(["server.json"]);
});

test("[CL12] it is believed as long as its process lives", async () => {
  const path = await fresh();
  expect(await readServerFile(path, () => true)).toEqual({ kind: "none" });
  await writeServerFile(path, server);
  expect(await readServerFile(path, isAlive)).toEqual({ kind: "running", server });
  expect(await readServerFile(path, () => false)).toEqual({ kind: "stale", pid: process.pid });
});

test("[CL12] a torn or foreign file is as good as none", async () => {
  const path = await fresh();
  await writeServerFile(path, server);
  await writeFile(path, '{"url": "http://');
  expect(await readServerFile(path, () => true)).toEqual({ kind: "none" });
});

test("[CL3] a server removes its own file and leaves another's", async () => {
  const path = await fresh();
  await writeServerFile(path, server);
  await removeServerFile(path, server.pid + 1);
  expect((await readServerFile(path, () => true)).kind).toBe("running");
  await removeServerFile(path, server.pid);
  expect((await readServerFile(path, () => true)).kind).toBe("none");
  await removeServerFile(path, server.pid);
});
