import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { withLock } from "./lock.mjs";

async function lockFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "skein-lock-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "deep", "lock");
}

test("[CL50] work under a lock never overlaps, and all of it is done", async () => {
  const file = await lockFile();
  let inside = 0;
  let most = 0;
  const work = async (): Promise<number> => {
    inside += 1;
    most = Math.max(most, inside);
    await setImmediate();
    inside -= 1;
    return inside;
  };
  await Promise.all(Array.from({ length: 5 }, () => withLock(file, work)));
  expect(most).toBe(1);
  expect(await readdir(join(file, ".."))).toEqual([]);
});

test("[CL50] a lock whose holder is gone is taken over", async () => {
  const file = await lockFile();
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  await withLock(file, async () => {});
  await writeFile(file, String(child.pid));
  const waited: unknown[] = [];
  expect(
    await withLock(
      file,
      async () => "done",
      (pid) => waited.push(pid),
    ),
  ).toBe("done");
  expect(waited).toEqual([]);
});

test("[CL50] work that fails lets the lock go", async () => {
  const file = await lockFile();
  await expect(withLock(file, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withLock(file, async () => "next")).toBe("next");
});
