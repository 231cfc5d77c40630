import { execFile } from "node:child_process";
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { runChild } from "../testing/child.ts";
import { append, create } from "../testing/fixture.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { createSqliteStore } from "./store.ts";

const run = promisify(execFile);
/** Root may write anywhere: then somebody else has to try. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

/** A folder on a disk of its own that holds 8 MiB; needs the right to mount in a namespace of one's own. */
async function canMount(): Promise<boolean> {
  return run("unshare", ["-m", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]).then(
    () => true,
    () => false,
  );
}
const mountable = await canMount();

test("[ST145] a folder that cannot be written is refused by name, and nothing is changed in it", async () => {
  const folder = await temporaryFolder();
  onTestFinished(async () => {
    await chmod(join(folder.path, "data"), 0o700);
    await folder.remove();
  });
  const data = join(folder.path, "data");
  const store = await createSqliteStore({ path: data, collections: {} });
  await store.commit([create("/a"), append("/a", "1")]);
  await store.close();
  if (asRoot) {
    await chown(data, NOBODY, NOBODY);
    await chmod(folder.path, 0o755);
  }
  await chmod(data, 0o500);
  const child = runChild("./lock-holder.ts", [data], asRoot ? { uid: NOBODY, gid: NOBODY } : {});
  const lines: string[] = [];
  for await (const line of child.lines) lines.push(line);
  expect(child.errors()).toBe("");
  expect(lines).toEqual([expect.stringMatching(/^unavailable The store in .*data cannot be opened: /)]);
  await chmod(data, 0o700);
  const again = await createSqliteStore({ path: data, collections: {} });
  expect(await again.getStream("/a")).toMatchObject({ head: 1 });
  await again.close();
});

test.skipIf(!mountable)(
  `[ST146] on a full disk commits are refused, reads go on, and nothing acknowledged is lost${
    mountable ? "" : " (mounting a small disk is not allowed here)"
  }`,
  async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const disk = join(folder.path, "disk");
    await mkdir(disk);
    const child = runChild("./disk-filler.ts", [join(disk, "data")], {
      within: ["unshare", "-m", "sh", "-c", `mount -t tmpfs -o size=8m none "${disk}" && exec "$@"`, "sh"],
    });
    const lines: string[] = [];
    for await (const line of child.lines) lines.push(line);
    expect([child.errors(), await child.exited]).toEqual(["", 0]);
    const [filled = "", ...rest] = lines;
    expect(filled).toMatch(/^refused unavailable after [1-9]\d* .*full/);
    expect(rest).toEqual(["all acknowledged is there", "goes on when there is room"]);
    await rm(disk, { recursive: true, force: true });
  },
  60_000,
);
