import { entity, session } from "@skein/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { runInProcess, type Ran } from "../testing/run-in-process.ts";
import { startScriptedServer, type ScriptedServer } from "../testing/scripted-server.ts";

const on =
  ({ home }: ScriptedServer) =>
  (argv: readonly string[], io: Parameters<typeof runInProcess>[1] = {}): Promise<Ran> =>
    runInProcess(argv, { env: { SKEIN_HOME: home }, ...io });

const json = <Schema extends z.ZodType>(schema: Schema, { stdout }: Ran): z.output<Schema> =>
  schema.parse(JSON.parse(stdout));

/** Waits until the session list shows what is looked for: the list is followed, not polled on a clock. */
async function untilSession(
  server: ScriptedServer,
  id: string,
  satisfied: (found: z.output<typeof session>) => boolean,
) {
  const { offset } = await server.client.listSessions();
  const first = await server.client.getSession(id).catch(() => undefined);
  if (first !== undefined && satisfied(first)) return first;
  for await (const _ of server.client.followStream({ path: "/_skein/directory", from: offset })) {
    const found = await server.client.getSession(id).catch(() => undefined);
    if (found !== undefined && satisfied(found)) return found;
  }
  throw new Error("the directory ended");
}

test("[CL30] spawn makes what it is told, and the same again is the one that is there", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  const argv = [
    "spawn",
    "note/a",
    "--args",
    '{"n":2}',
    "--tag",
    "k=v",
    "--tag",
    "x=y=z",
    "--message",
    "hello",
    "--json",
  ];
  const made = json(entity.loose(), await skein(argv));
  expect(made).toMatchObject({ url: "/note/a", args: { n: 2 }, tags: { k: "v", x: "y=z" }, created: true });
  expect(json(entity.loose(), await skein(argv))).toMatchObject({ url: "/note/a", created: false });
  const other = await skein(["spawn", "note/a", "--args", '{"n":3}']);
  expect(other).toMatchObject({ code: 1, stdout: "" });
  expect(other.stderr).toMatch(/^error: .*\(entity_exists\)\n/);
  const fresh = await skein(["spawn", "note"]);
  expect(fresh).toMatchObject({ code: 0, stdout: "/note/id-1\n" });
});

test("[CL20] ls is a table, and JSON with the same rows; it can be narrowed", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  await skein(["spawn", "note/a", "--tag", "k=v"]);
  await skein(["spawn", "note/b"]);
  await skein(["spawn", "coder/c", "--cwd", "/work", "hello"]);
  await untilSession(server, "c", ({ turns }) => turns === 1);
  const listed = z.array(entity.extend({ session: session.optional() }));
  const all = json(listed, await skein(["ls", "--json"]));
  expect(all.map(({ url }) => url).sort()).toEqual(["/coder/c", "/note/a", "/note/b"]);
  expect(all.find(({ type }) => type === "coder")?.session).toMatchObject({ id: "c", cwd: "/work" });
  const table = (await skein(["ls"])).stdout;
  for (const { url } of all) expect(table).toContain(url);
  const urls = async (...more: string[]): Promise<string[]> =>
    json(listed, await skein(["ls", "--json", ...more])).map(({ url }) => url);
  expect(await urls("--type", "note", "--tag", "k=v")).toEqual(["/note/a"]);
  expect(await urls("--type", "note", "--limit", "1")).toHaveLength(1);
  expect(
    json(z.array(z.looseObject({ name: z.string() })), await skein(["types", "--json"])).map(({ name }) => name),
  ).toEqual(expect.arrayContaining(["coder", "note"]));
});

test("[CL31][CL32] a coder is spawned where one is, and send gives it prompts", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  const made = json(entity.loose(), await skein(["spawn", "coder", "first", "--json"], { cwd: "/work" }));
  expect(made).toMatchObject({ url: "/coder/id-1", args: { agent: "claude", cwd: "/work", permissionMode: "ask" } });
  const sent = z.object({ key: z.string(), offset: z.string(), duplicate: z.boolean() });
  const one = json(sent, await skein(["send", "id-1", "second", "--key", "k1", "--json"]));
  const again = json(sent, await skein(["send", "coder/id-1", "second", "--key", "k1", "--json"]));
  expect([one.duplicate, again.duplicate, again.key]).toEqual([false, true, one.key]);
  await untilSession(server, "id-1", ({ turns }) => turns === 2);
});

test("[CL32] the text can come from standard input, and the payload be any JSON", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  await skein(["spawn", "note/a"]);
  expect((await skein(["send", "note/a"], { readInput: async () => "from a pipe" })).code).toBe(0);
  expect((await skein(["send", "note/a", "--payload", '{"text":"raw"}'])).code).toBe(0);
  const texts: unknown[] = [];
  for await (const { events } of server.client.followStream({ path: "/note/a/main" })) {
    for (const event of events) if ("type" in event && event.type === "line") texts.push(event.value);
    if (texts.length >= 2) break;
  }
  expect(texts).toMatchObject([{ text: "from a pipe" }, { text: "raw" }]);
});

test("[CL33] approve answers the only request that waits", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  await skein(["spawn", "coder/c", "ask"]);
  const waiting = await untilSession(server, "c", ({ pending }) => pending.length === 1);
  const requestId = waiting.pending[0]?.requestId;
  expect((await skein(["approve", "c"])).stdout).toBe(`${requestId} allow\n`);
  await untilSession(server, "c", ({ pending }) => pending.length === 0);
  const none = await skein(["deny", "c"]);
  expect(none.stderr).toMatch(/^error: No permission request waits in this session\. \(not_found\)/);
});

test("[CL34] kill ends an entity for good; its history stays", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  await skein(["spawn", "note/a", "--message", "hello"]);
  expect((await skein(["kill", "note/a"])).stdout).toBe("/note/a killed\n");
  expect(json(entity, await skein(["signal", "note/a", "kill", "--json"])).status).toBe("killed");
  const late = await skein(["send", "note/a", "late"]);
  expect(late).toMatchObject({ code: 1, stdout: "" });
  expect(late.stderr).toContain("(entity_ended)");
  expect((await server.client.readStream("/note/a/main", { from: "-1" })).events.length).toBeGreaterThan(1);
});

test.each([
  ["an unknown type", ["spawn", "nope/a"], 1, "unknown_entity_type"],
  ["wrong arguments", ["spawn", "note/a", "--args", '{"n":"x"}'], 1, "schema_validation_failed"],
  ["malformed JSON", ["spawn", "note/a", "--args", "{n:"], 2, "usage"],
  ["an id with bad characters", ["spawn", "note/a b"], 2, "usage"],
  ["an entity that is not there", ["observe", "note/nope"], 1, "not_found"],
  ["nothing to send", ["send", "note/a"], 2, "usage"],
  ["a signal that is none", ["signal", "note/a", "explode"], 2, "usage"],
  ["a command that is none", ["lss"], 2, "usage"],
  ["a missing argument", ["send"], 2, "usage"],
])("[CL22] %s: one clear line", async (_, argv, code, name) => {
  const result = await on(await startScriptedServer())(argv);
  expect([result.code, result.stdout]).toEqual([code, ""]);
  expect(result.stderr).toMatch(/^error: /);
  expect(result.stderr).toContain(`(${name})`);
  expect(result.stderr).not.toMatch(/\n\s+at /);
});

test("[CL10][CL22] a wrong token and an address where nobody listens are told apart", async () => {
  const { url, token } = await startScriptedServer();
  const env = { SKEIN_HOME: "/nowhere", SKEIN_URL: url };
  expect((await runInProcess(["ls"], { env: { ...env, SKEIN_TOKEN: "wrong" } })).stderr).toContain("(unauthorized)");
  expect(await runInProcess(["ls"], { env: { ...env, SKEIN_TOKEN: token } })).toMatchObject({ code: 0 });
  expect(await runInProcess(["ls", "--url", url, "--token", token], { env: {} })).toMatchObject({ code: 0 });
  const nobody = await runInProcess(["ls", "--url", "http://127.0.0.1:9", "--token", "x"]);
  expect(nobody.stderr).toMatch(/^error: .*cannot be reached.* \(unavailable\)\nIs it running\?/);
});

test("[CL12] without a server it says how to start one", async () => {
  const none = await runInProcess(["ls"], { env: { SKEIN_HOME: "/nowhere" } });
  expect(none).toMatchObject({ code: 1, stdout: "" });
  expect(none.stderr).toBe(
    "error: Skein is not running on /nowhere. (not_running)\nStart it with `skein start`, or name another server with --url and --token.\n",
  );
});

test("[CL35] a session is forked at the end of a turn, at a row, or as it is, with a prompt of its own", async () => {
  const server = await startScriptedServer();
  const skein = on(server);
  await skein(["spawn", "coder/a", "first", "--cwd", "/work"]);
  await skein(["send", "a", "second"]);
  await untilSession(server, "a", ({ turns }) => turns === 2);
  const forked = json(entity.loose(), await skein(["fork", "a", "other", "--turn", "1", "--id", "b", "--json"]));
  expect(forked).toMatchObject({ url: "/coder/b", created: true, forkedFrom: { entity: "/coder/a" } });
  await untilSession(server, "b", ({ turns }) => turns === 1);
  const keysOf = async (id: string): Promise<string> =>
    JSON.stringify((await server.client.readStream(`/_skein/shared-state/coder-session/${id}`, { from: "-1" })).events);
  expect(await keysOf("b")).toContain("echo: first");
  expect(await keysOf("b")).toContain("echo: other");
  expect(await keysOf("b")).not.toContain("echo: second");
  expect(await keysOf("a")).not.toContain("echo: other");
  expect((await skein(["fork", "a", "--title", "Another way"])).stdout).toMatch(/^\/coder\/\S+\n$/);
  expect((await skein(["fork", "a", "--turn", "3"])).stderr).toContain("2 ended turns");
  expect((await skein(["fork", "a", "--turn", "1", "--at", "x"])).code).toBe(2);
  expect((await skein(["fork", "a", "--at", "no-such-row"])).stderr).toContain("(not_found)");
});
