import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, get } from "node:http";
import { join } from "node:path";
import { createClient, type Client } from "@skein/runtime/client";
import { expect, onTestFinished, test } from "vitest";
import { runCliProcess, startCli, startSkein, tempFolder, type Ready } from "../testing/cli-process.ts";
import { probeHealth } from "./probe-health.ts";

const clientOf = ({ url, token }: Ready): Client => createClient({ baseUrl: url, token });

async function makeNote(client: Client, id: string): Promise<void> {
  await client.registerEntityType({ name: "note", description: "A note for a test." });
  await client.spawn("note", id, { args: { n: 1 } });
}

test("[CL1] one line of JSON, once it answers, and nothing else", async () => {
  const home = await tempFolder();
  const skein = await startSkein(home);
  const { url, token, link, pid } = skein.ready;
  expect(skein.ready.home).toBe(home);
  expect(pid).toBe(skein.child.pid);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(link).toBe(`${url}/_skein/sign-in?token=${token}`);
  expect(await probeHealth(url)).toEqual({ version: "0.1.0" });
  skein.child.kill("SIGINT");
  expect((await skein.ended).stdout.trim().split("\n")).toHaveLength(1);
});

test("[CL2] the link answers with a cookie that opens the API", async () => {
  const { ready } = await startSkein(await tempFolder());
  const answer = await fetch(ready.link, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  const list = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${ready.url}/_skein/entities`, { headers });
  expect((await list({})).status).toBe(401);
  expect((await list({ cookie: cookie.split(";")[0] ?? "" })).status).toBe(200);
});

test("[CL3][CL7] Ctrl-C stops it: exit code 0, no server file, a free port; the token stays, for its owner only", async () => {
  const home = await tempFolder();
  const skein = await startSkein(home);
  expect((await stat(join(home, "server.json"))).mode & 0o777).toBe(0o600);
  // A reader that follows must not hold it up.
  const follow = await fetch(`${skein.ready.url}/_skein/directory?live=sse&offset=now`, {
    headers: { authorization: `Bearer ${skein.ready.token}` },
  });
  skein.child.kill("SIGINT");
  expect(await skein.ended).toMatchObject({ code: 0, signal: null });
  await follow.body?.cancel().catch(() => undefined);
  expect(await readdir(home)).not.toContain("server.json");
  expect(await probeHealth(skein.ready.url)).toBeUndefined();
  expect((await stat(join(home, "token"))).mode & 0o777).toBe(0o600);
  const again = await startSkein(home);
  expect(again.ready.token).toBe(skein.ready.token);
});

test("[CL3] SIGTERM stops it in the same way", async () => {
  const skein = await startSkein(await tempFolder());
  skein.child.kill("SIGTERM");
  expect(await skein.ended).toMatchObject({ code: 0, signal: null });
});

test("[CL4] a port that a program holds is reported with it and with a free one; nothing is left behind", async () => {
  const home = await tempFolder();
  const other = createServer((_, response) => response.end("not a skein")).listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await once(other, "listening");
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { code, stdout, stderr } = await runCliProcess([
    "start",
    "--json",
    "--port",
    `${address.port}`,
    "--home",
    home,
  ]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(
    new RegExp(
      `^error: Port ${address.port} is taken by .+\\. \\(port_taken\\)\nUse another one: skein start --port \\d+\n$`,
    ),
  );
  if (process.platform === "linux") expect(stderr).toContain(`(pid ${process.pid})`);
  expect(await readdir(home)).toEqual([]);
});

test("[CL4] a port that another Skein holds says so", async () => {
  const { ready } = await startSkein(await tempFolder());
  const port = new URL(ready.url).port;
  const { code, stderr } = await runCliProcess(["start", "--json", "--port", port, "--home", await tempFolder()]);
  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken by another Skein (version 0.1.0`);
});

test("[CL5] a second start on the same home is refused and hurts nobody", async () => {
  const home = await tempFolder();
  const { ready } = await startSkein(home);
  const second = await runCliProcess(["start", "--json", "--port", "0", "--home", home]);
  expect([second.code, second.stdout]).toEqual([1, ""]);
  expect(second.stderr).toContain(`${ready.url}, pid ${ready.pid}`);
  expect(second.stderr).toContain("(already_running)");
  // Even when the server file does not tell: the store's own lock holds.
  await writeFile(join(home, "server.json"), "{}");
  const third = await runCliProcess(["start", "--json", "--port", "0", "--home", home]);
  expect(third.code).toBe(1);
  expect(third.stderr).toContain(`pid ${ready.pid}`);
  expect(await probeHealth(ready.url)).toBeDefined();
});

test("[CL6] after kill -9 the next start works, and what was acknowledged is there", async () => {
  const home = await tempFolder();
  const first = await startSkein(home);
  await makeNote(clientOf(first.ready), "kept");
  first.child.kill("SIGKILL");
  await first.ended;
  expect(await readdir(home)).toContain("server.json");
  const second = await startSkein(home);
  expect((await clientOf(second.ready).getEntity("/note/kept")).args).toEqual({ n: 1 });
  second.child.kill("SIGINT");
  const { code, stderr } = await second.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("did not stop cleanly");
});

test("[CL6] a left-over server file whose pid is somebody else's now hinders nobody", async () => {
  const home = await tempFolder();
  const stale = { url: "http://127.0.0.1:9", token: "x", pid: process.pid, startedAt: 0 };
  await writeFile(join(home, "server.json"), JSON.stringify(stale));
  const { ready } = await startSkein(home);
  expect(JSON.parse(await readFile(join(home, "server.json"), "utf8"))).toMatchObject({
    url: ready.url,
    pid: ready.pid,
  });
});

/** The status of a request under another name, which `fetch` cannot make. */
function statusAs(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once("error", reject);
  });
}

test("[CL8] behind a proxy it answers under the proxy's name, and the link has that name", async () => {
  const publicUrl = "https://skein.example.com";
  const { ready } = await startSkein(await tempFolder(), {}, ["--public-url", `${publicUrl}/`]);
  expect(ready.link).toBe(`${publicUrl}/_skein/sign-in?token=${ready.token}`);
  const authorization = `Bearer ${ready.token}`;
  const entities = `${ready.url}/_skein/entities`;
  expect(await statusAs(entities, { authorization, host: "skein.example.com", origin: publicUrl })).toBe(200);
  expect(await statusAs(entities, { authorization, host: "evil.example.com" })).toBe(403);
  expect(await statusAs(entities, { authorization, origin: "https://evil.example.com" })).toBe(403);
});

test("[CL22] wrong options are told before anything is made", async () => {
  const home = join(await tempFolder(), "never");
  const { code, stderr } = await runCliProcess(["start", "--port", "99999", "--home", home]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*--port.*\(usage\)/);
  const address = await runCliProcess(["start", "--json", "--port", "1234", "--host", "192.0.2.1", "--home", home]);
  expect(address.code).toBe(1);
  expect(address.stderr).toContain("(cannot_listen)");
});

test("[CL1] for a person it prints the link and where the data is", async () => {
  const home = await tempFolder();
  const skein = startCli(["start", "--port", "0"], { SKEIN_HOME: home });
  const text = await skein.output((stdout) => stdout.includes("Ctrl-C stops"));
  expect(text).toMatch(/http:\/\/127\.0\.0\.1:\d+\/_skein\/sign-in\?token=\S+/);
  expect(text).toContain(`Data in ${home}`);
});
