import { expect, test } from "vitest";
import { runInProcess } from "../testing/run-in-process.ts";
import { startScriptedServer, type ScriptedServer } from "../testing/scripted-server.ts";

/** A coder with two turns, and a fork of it at the end of the first. */
async function forked() {
  const server = await startScriptedServer();
  const skein = (...argv: string[]) => runInProcess(argv, { env: { SKEIN_HOME: server.home } });
  await skein("spawn", "coder/a", "--message", "one");
  await untilTurns(server, "a", 1);
  await skein("send", "coder/a", "two");
  await untilTurns(server, "a", 2);
  await skein("fork", "coder/a", "--turn", "1", "--id", "f");
  return { server, skein };
}

/** Waits until the list shows so many turns: it is followed. */
async function untilTurns({ client }: ScriptedServer, session: string, turns: number): Promise<void> {
  const { offset } = await client.listSessions();
  const ended = async (): Promise<number> => (await client.getSession(session).catch(() => undefined))?.turns ?? 0;
  if ((await ended()) >= turns) return;
  for await (const _ of client.followStream({ path: "/_skein/directory", from: offset })) {
    if ((await ended()) >= turns) return;
  }
}

test("[CL70] compare shows what two sessions have in common and what each did since", async () => {
  const { skein } = await forked();
  const { code, stdout } = await skein("compare", "a", "f");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^In common: 1 turn, \d+ rows\.\n\n\/coder\/a: 1 turn\.\n- Asked: two\n {2}echo: two\n\n\/coder\/f did nothing since\.\n$/,
  );
  const parsed = JSON.parse((await skein("compare", "a", "f", "--json")).stdout);
  expect(parsed).toMatchObject({ common: { turns: 1 }, a: { outcome: "completed" }, b: { outcome: "none" } });
});

test("[CL71] rewind and bring-back send the coder what is to be done; what does not exist is said before anything is sent", async () => {
  const { server, skein } = await forked();
  const inbox = async (): Promise<string> =>
    JSON.stringify((await server.client.readStream("/coder/a/main", { last: 50 })).events);
  expect((await skein("rewind", "a", "--turn", "9")).stderr).toMatch(/has 2 turns, and not 9/);
  expect((await skein("rewind", "a")).code).toBe(2);
  expect((await skein("bring-back", "a")).code).toBe(2);
  expect(await inbox()).not.toMatch(/"rewind"|"bring_back"/);
  expect(await skein("rewind", "a", "--turn", "1", "--start")).toMatchObject({ code: 0 });
  expect(await skein("bring-back", "f", "--summary")).toMatchObject({ code: 0 });
  const sent = await inbox();
  expect(sent).toMatch(
    /"type":"rewind","payload":\{"turn":"[^"]+","edge":"start"\}|"payload":\{"turn":"[^"]+","edge":"start"\}/,
  );
  expect(sent).toMatch(/"session":"f","what":"summary"/);
});

test("[CL72] take-over gives the session to a coder, or says that it has none", async () => {
  const { skein } = await forked();
  expect(await skein("take-over", "a")).toMatchObject({ code: 0, stdout: "/coder/a drives the session\n" });
  expect((await skein("take-over", "gone")).stderr).toMatch(/\(not_found\)/);
});
