import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { expect, test } from "vitest";
import { z } from "zod";
import { runCliProcess, startSkein, tempFolder } from "../testing/cli-process.ts";
import { runInProcess } from "../testing/run-in-process.ts";

const findings = z.array(
  z.object({
    name: z.string(),
    status: z.enum(["ok", "warn", "fail"]),
    message: z.string(),
    advice: z.string().optional(),
  }),
);

async function doctor(home: string, ...options: string[]) {
  const ran = await runInProcess(["doctor", "--home", home, "--json", ...options], { env: { PATH: "/nowhere" } });
  const found = findings.parse(JSON.parse(ran.stdout));
  return { ...ran, of: (name: string) => found.find((finding) => finding.name === name) };
}

/** A home with a note in it, and nobody running. */
async function homeWithData(): Promise<string> {
  const home = await tempFolder();
  const server = await createEmbeddedServer({ home, port: 0 });
  const client = createClient({ baseUrl: server.url, token: server.token });
  await client.registerEntityType({ name: "note", description: "A note for a test." });
  await client.spawn("note", "kept", { args: { n: 1 } });
  await server.close();
  return home;
}

test("[CL60] doctor looks at everything, also before the first start and while Skein runs", async () => {
  const empty = await doctor(join(await tempFolder(), "none"));
  expect(empty.code).toBe(0);
  for (const name of ["node", "home", "disk", "store", "server", "claude", "web app"])
    expect([name, empty.of(name) !== undefined]).toEqual([name, true]);

  const home = await tempFolder();
  const skein = await startSkein(home);
  const running = await doctor(home, "--full");
  expect(running.code).toBe(0);
  expect(running.of("server")).toMatchObject({ status: "ok", message: expect.stringContaining(skein.ready.url) });
  expect(running.of("store")).toMatchObject({ status: "ok", message: expect.stringMatching(/all \d+ messages read/) });
  expect(running.stdout).not.toContain(skein.ready.token);
});

test("[CL61] doctor ends with exit code 1 when something has failed, and says what to do", async () => {
  const home = await homeWithData();
  await writeFile(join(home, "data", "skein.db"), "This is not a database. ".repeat(500));
  for (const suffix of ["-wal", "-shm"]) await rm(join(home, "data", `skein.db${suffix}`), { force: true });
  const { code, of, stderr } = await doctor(home);
  expect(code).toBe(1);
  expect(of("store")).toMatchObject({ status: "fail", advice: expect.any(String) });
  expect(stderr).toContain("(not_well)");
  const people = await runInProcess(["doctor", "--home", home], { env: { PATH: "/nowhere" } });
  expect(people.stdout).toMatch(/^fail {2}store /m);
});

test("[CL62] what was backed up while Skein ran is there after a restore elsewhere", async () => {
  const home = await tempFolder();
  const skein = await startSkein(home);
  const client = createClient({ baseUrl: skein.ready.url, token: skein.ready.token });
  await client.registerEntityType({ name: "note", description: "A note for a test." });
  await client.spawn("note", "kept", { args: { n: 1 } });
  const folder = await tempFolder("backups");
  const backed = await runCliProcess(["backup", folder, "--home", home]);
  expect([backed.code, backed.stderr]).toEqual([0, ""]);
  const [name = ""] = await readdir(folder);
  expect(name).toMatch(/^skein-.*\.backup$/);
  const other = await tempFolder();
  const restored = await runInProcess(["restore", join(folder, name), "--home", other, "--json"]);
  expect(restored.code).toBe(0);
  const again = await startSkein(other);
  const list = await createClient({ baseUrl: again.ready.url, token: again.ready.token }).listEntities({
    type: "note",
  });
  expect(list.entities.map(({ id }) => id)).toEqual(["kept"]);
});

test("[CL62] a backup or restore that would overwrite something, or has nothing to copy, is refused in one line", async () => {
  const home = await homeWithData();
  const file = join(await tempFolder("backups"), "one");
  expect((await runInProcess(["backup", file, "--home", home])).code).toBe(0);
  const refusals = [
    [["backup", file, "--home", home], /nothing is overwritten.*conflict/],
    [["restore", file, "--home", home], /nothing is overwritten.*conflict/],
    [["backup", `${file}-2`, "--home", join(home, "none")], /There is no store.*not_found/],
    [["restore", join(home, "token"), "--home", join(home, "new")], /not a database|not a store/],
  ] as const;
  for (const [argv, message] of refusals) {
    const { code, stderr, stdout } = await runInProcess([...argv]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
  const elsewhere = await runInProcess(["backup", `${file}-3`, "--home", home], {
    env: { SKEIN_DATABASE: "postgres://me:s3cret@db/x" },
  });
  expect(elsewhere.stderr).toMatch(/pg_dump/);
  expect(elsewhere.stderr).not.toContain("s3cret");
});

test("[CL63] move without a target is a usage error, and while Skein runs it is refused", async () => {
  const home = await homeWithData();
  expect((await runInProcess(["move", "--home", home])).code).toBe(2);
  await mkdir(join(home, "x"));
  await startSkein(home);
  const running = await runInProcess(["move", "--home", home, "--to", "postgres://me:s3cret@127.0.0.1:1/x"]);
  expect([running.code, running.stderr]).toEqual([1, expect.stringMatching(/in use by another process/)]);
});
