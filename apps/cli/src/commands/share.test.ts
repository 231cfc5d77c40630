import { shareCreated, shareList, SHARE_TOKEN } from "@skein/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { runInProcess } from "../testing/run-in-process.ts";
import { startScriptedServer } from "../testing/scripted-server.ts";
import { parseTerm } from "./share.ts";

test("[CL36] share prints a link that reads the session, lists links, and takes one back", async () => {
  const server = await startScriptedServer();
  const skein = (...argv: string[]) => runInProcess(argv, { env: { SKEIN_HOME: server.home } });
  await skein("spawn", "coder/a", "--message", "hello");
  const { offset } = await server.client.listSessions();
  const there = (): Promise<boolean> =>
    server.client.getSession("a").then(
      () => true,
      () => false,
    );
  if (!(await there()))
    for await (const _ of server.client.followStream({ path: "/_skein/directory", from: offset }))
      if (await there()) break;
  const made = await skein("share", "a", "--for", "2h", "--label", "Ada\u0007", "--json");
  expect(made.code).toBe(0);
  const { share, token, link } = shareCreated.extend({ link: z.string() }).parse(JSON.parse(made.stdout));
  expect(link).toBe(`${server.url}/share/${token}`);
  expect(token).toMatch(SHARE_TOKEN);
  expect((share.expiresAt ?? 0) - share.createdAt).toBe(7_200_000);
  const plain = await skein("share", "a");
  expect(plain.stdout).toMatch(/^http:\/\/.*\/share\/skein_share_.+\n$/);
  const self = await fetch(`${server.url}/_skein/shares/self`, { headers: { authorization: `Bearer ${token}` } });
  expect(self.status).toBe(200);
  const listed = await skein("share", "a", "--list");
  expect(listed.stdout).toContain(share.id);
  expect(listed.stdout).not.toContain("\u0007");
  expect((await skein("share", "a", "--take-back", share.id)).code).toBe(0);
  const left = shareList.shape.shares.parse(JSON.parse((await skein("share", "a", "--list", "--json")).stdout));
  expect(left.map(({ id }) => id)).not.toContain(share.id);
  expect(left).toHaveLength(1);
  expect(await skein("share", "note/none")).toMatchObject({ code: 1 });
  expect(await skein("share", "a", "--for", "soon")).toMatchObject({ code: 2 });
});

test("[CL36] a term is minutes, hours or days, a year at most, or ever", () => {
  expect([parseTerm("30m"), parseTerm("12h"), parseTerm("366d"), parseTerm("ever")]).toEqual([
    1_800_000,
    43_200_000,
    366 * 86_400_000,
    null,
  ]);
  for (const bad of ["", "7", "0d", "367d", "1w", "-1d", "never"])
    expect(() => parseTerm(bad)).toThrow("It is written");
});
