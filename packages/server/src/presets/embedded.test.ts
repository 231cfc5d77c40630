import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim, claimCommitResult } from "@skein/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCaller, failure, read } from "../testing/caller.ts";
import { row } from "../testing/fixture.ts";
import { createEmbeddedServer } from "./embedded.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skein-server-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const start = (more: Partial<Parameters<typeof createEmbeddedServer>[0]> = {}) =>
  createEmbeddedServer({ home: join(folder, "home"), port: 0, ...more });

test("[AU9] a home's token is made once, kept, and its owner's only", async () => {
  const first = await start();
  const path = join(folder, "home", "token");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path, "utf8")).trim()).toBe(first.token);
  expect(first.token.length).toBeGreaterThanOrEqual(43);
  expect(first.link).toBe(`${first.url}/_skein/sign-in?token=${first.token}`);
  await first.close();
  await chmod(path, 0o644);
  const second = await start();
  expect(second.token).toBe(first.token);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await second.close();
  await writeFile(path, "short");
  await expect(start()).rejects.toThrow(/does not hold a token/);
});

test("a taken port rejects with the system's error and leaves the home usable", async () => {
  const first = await start();
  const other = { home: join(folder, "other"), port: first.port };
  await expect(createEmbeddedServer(other)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await first.close();
  const again = await createEmbeddedServer(other);
  expect((await fetch(`${again.url}/_skein/health`)).status).toBe(200);
  await again.close();
});

test("a second server on the same home is refused, and the first goes on", async () => {
  const first = await start();
  await expect(start()).rejects.toThrow();
  expect((await createCaller({ ...first, fetch })("GET", "/_skein/entities")).status).toBe(200);
  await first.close();
});

test("[WK23] after a restart everything acknowledged is there, and work goes on where it was", async () => {
  const first = await start();
  let call = createCaller(first);
  const types = [{ name: "hello", description: "x" }];
  await call("PUT", "/_skein/runners/r", { types });
  await call("PUT", "/_skein/runners/gone", { types: [{ name: "far", description: "x" }] });
  await call("PUT", "/hello/a", { initialMessage: { payload: 1 } });
  await call("PUT", "/far/b", {});
  const held = read(claim, await call("POST", "/_skein/runners/r/poll", { waitMs: 0 }));
  const far = read(claim, await call("POST", "/_skein/runners/gone/poll", { waitMs: 0 }));
  const ref = { claimId: held.claimId, generation: held.generation };
  const body = { ...ref, seq: 1, writes: [{ stream: "/hello/a/main", events: [row("state:x", "k", { key: "k" })] }] };
  await call("POST", "/hello/a/claim/commit", body);
  const sent = await call("POST", "/hello/a/send", { payload: 2, idempotencyKey: "k" });
  await first.close();

  const second = await start();
  call = createCaller(second);
  const history = await call("GET", "/hello/a/main?offset=-1");
  expect(history.body).toMatchObject([
    { type: "entity_created" },
    { type: "inbox" },
    { type: "state:x" },
    { type: "inbox" },
  ]);
  const repeated = await call("POST", "/hello/a/claim/commit", body);
  expect(read(claimCommitResult, repeated).duplicate).toBe(true);
  expect((await call("POST", "/hello/a/send", { payload: 2, idempotencyKey: "k" })).body).toEqual({
    ...Object(sent.body),
    duplicate: true,
  });
  expect((await call("POST", "/_skein/runners/r/poll", { waitMs: 0 })).status).toBe(204);
  await call("PUT", "/_skein/runners/r", { types });
  const again = read(claim, await call("POST", "/_skein/runners/r/poll", { waitMs: 0 }));
  expect(again).toMatchObject({ generation: 2, from: held.from });
  expect(failure(await call("POST", "/hello/a/claim/commit", { ...body, seq: 2 })).code).toBe("fenced");
  const beat = { claimId: far.claimId, generation: far.generation };
  expect((await call("POST", "/far/b/claim/heartbeat", beat)).status).toBe(200);
  expect((await call("POST", "/_skein/runners/gone/poll", { waitMs: 0 })).status).toBe(204);
  await second.close();
});

test("[AU10] the web app's files are served with their policy, and nothing else of the disk", async () => {
  const app = join(folder, "app");
  await mkdir(join(app, "assets"), { recursive: true });
  await writeFile(join(app, "index.html"), "<!doctype html><title>App</title>");
  await writeFile(join(app, "assets", "main-abc123.js"), "export {};");
  await writeFile(join(app, "theme.js"), "1;");
  await writeFile(join(folder, "secret.txt"), "secret");
  await symlink(join(folder, "secret.txt"), join(app, "assets", "link.txt"));
  const server = await start({ staticDirectory: app });
  const get = (path: string, headers: Record<string, string> = {}) => fetch(server.url + path, { headers });
  const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

  const page = await get("/", html);
  expect(page.status).toBe(200);
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toContain("unsafe");
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  expect(page.headers.get("referrer-policy")).toBe("no-referrer");
  for (const path of ["/s/abc", "/new", "/coder/abc"]) {
    const answer = await get(path, html);
    expect([path, answer.status, (await answer.text()).includes("App")]).toEqual([path, 200, true]);
  }
  const asset = await get("/assets/main-abc123.js");
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(asset.headers.get("content-type")).toContain("text/javascript");
  expect((await get("/theme.js")).headers.get("cache-control")).toBe("no-cache");

  for (const path of ["/assets/none.js", "/assets/link.txt", "/assets/..%2f..%2fsecret.txt"]) {
    const answer = await get(path, html);
    expect([path, (await answer.text()).includes("secret")]).toEqual([path, false]);
  }
  expect((await get("/coder/abc")).status).toBe(401);
  expect((await get("/_skein/entities", html)).status).toBe(401);
  expect((await get("/new", { ...html, authorization: `Bearer ${server.token}` })).status).toBe(404);
  await server.close();
});

test("closing ends what waits, within its time", async () => {
  const server = await start();
  const call = createCaller({ ...server, fetch });
  await call("PUT", "/_skein/runners/r", { types: [{ name: "hello", description: "x" }] });
  await call("PUT", "/hello/a");
  await call("POST", "/_skein/runners/r/poll", { waitMs: 0 });
  const poll = call("POST", "/_skein/runners/r/poll", { waitMs: 60_000 }).catch(() => undefined);
  const tail = call("GET", "/hello/a/main?offset=now&live=long-poll").catch(() => undefined);
  const asked = call("POST", "/_skein/runners/r/calls", { method: "x", timeoutMs: 60_000 }).catch(() => undefined);
  await call("GET", "/_skein/health");
  const began = performance.now();
  await server.close();
  await Promise.all([poll, tail, asked]);
  expect(performance.now() - began).toBeLessThan(5000);
});
