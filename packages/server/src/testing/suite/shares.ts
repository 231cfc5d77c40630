import { share, shareCreated, shareList, sharedSession, type ShareCreated } from "@skein/protocol";
import { CODER_RESOURCE_TAG, SESSION_INFO_EVENT, TRANSCRIPT_EVENT } from "@skein/sessions";
import { expect, test } from "vitest";
import { createCaller, failure, read, type Caller } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

const SHARED = "/_skein/shared-state";

/** A coder with a session that has been said something in. */
async function startSession({ spawn, claim, committed, finish }: Fixture, id: string): Promise<void> {
  const resource = `coder-session/${id}`;
  await spawn(`/coder/${id}`, { tags: { [CODER_RESOURCE_TAG]: resource } });
  const held = await claim("r");
  const text = { v: 1, type: "user_message", text: `A secret of ${id}` };
  await committed(held, {
    seq: 1,
    writes: [
      { stream: `/coder/${id}/main`, events: [declared(resource)] },
      {
        stream: `${SHARED}/${resource}`,
        create: true,
        events: [
          row(SESSION_INFO_EVENT, "current", { agent: "claude", cwd: "/w", sessionId: id, createdAt: 1 }),
          row(TRANSCRIPT_EVENT, "one", { key: "one", ts: 1, type: "user_message", payload: text }),
        ],
      },
      { stream: `${SHARED}/${resource}/native`, create: true, events: [row("native", "n", { secret: true })] },
    ],
  });
  await finish(held, 2);
}

export function shareRules(on: () => Fixture): void {
  const start = async (): Promise<Fixture> => {
    const fixture = on();
    await fixture.runner("r", ["coder", "hello"]);
    await startSession(fixture, "s1");
    await startSession(fixture, "s2");
    return fixture;
  };
  const make = async (body: Record<string, unknown> = {}): Promise<ShareCreated> =>
    read(shareCreated, await on().call("POST", "/_skein/shares", { session: "s1", ...body }));
  const bearer = (token: string): Caller => createCaller({ ...on().server, fetch: (r) => on().server.fetch(r), token });

  test("[AU12] a link's token reads the one session: transcript, deltas, large contents, and what it is called", async () => {
    await start();
    const { token, share: made } = await make({ label: "For Ada" });
    expect(made).toMatchObject({ session: "s1", label: "For Ada", createdBy: "user:test" });
    const guest = bearer(token);
    const main = await guest("GET", `${SHARED}/coder-session/s1?last=5`);
    expect(JSON.stringify(main.body)).toContain("A secret of s1");
    expect(main.headers.get("cache-control")).toBe("private, no-store");
    expect(main.headers.get("x-robots-tag")).toBe("noindex");
    expect((await guest("HEAD", `${SHARED}/coder-session/s1`)).status).toBe(200);
    expect((await guest("GET", `${SHARED}/coder-session/s1/live?offset=-1`)).status).toBe(404);
    expect((await guest("GET", `${SHARED}/coder-session/s1/blobs/${"0".repeat(64)}`)).status).toBe(404);
    const self = read(sharedSession, await guest("GET", "/_skein/shares/self"));
    expect(self.session).toMatchObject({ id: "s1", title: "A secret of s1" });
    expect(JSON.stringify(self)).not.toMatch(/"(cwd|coder|machine|resource)"/);
    expect((await on().call("GET", "/_skein/shares/self")).status).toBe(400);
  });

  test("[AU13] a link's token does nothing else, on any route, and learns nothing of what is there", async () => {
    const { dump } = await start();
    const { token, share: made } = await make();
    const before = await dump();
    const guest = bearer(token);
    const requests: [string, string][] = [
      ["GET", `${SHARED}/coder-session/s2?last=5`],
      ["GET", `${SHARED}/coder-session/none`],
      ["GET", `${SHARED}/coder-session/s1/native?offset=-1`],
      ["GET", `${SHARED}/coder-session/s2/live?offset=-1`],
      ["GET", `${SHARED}/team/board`],
      ["POST", `${SHARED}/coder-session/s1`],
      ["PUT", `${SHARED}/team/board`],
      ["GET", "/_skein/sessions"],
      ["GET", "/_skein/sessions/s1"],
      ["GET", "/_skein/entities"],
      ["GET", "/_skein/directory"],
      ["GET", "/_skein/shares?session=s1"],
      ["POST", "/_skein/shares"],
      ["DELETE", `/_skein/shares/${made.id}`],
      ["GET", "/_skein/runners"],
      ["POST", "/_skein/runners/r/poll"],
      ["GET", "/metrics"],
      ["GET", "/coder/s1"],
      ["GET", "/coder/s1/main?offset=-1"],
      ["POST", "/coder/s1/send"],
      ["POST", "/coder/s1/fork"],
      ["POST", "/coder/s1/signal"],
      ["DELETE", "/coder/s1"],
      ["PUT", "/hello/new"],
      ["GET", "/v1/stream/anything"],
      ["GET", "/nothing/like/this"],
      ["PATCH", "/coder/s1"],
      ["GET", `/_skein/follow?s=${SHARED}/coder-session/s1@-1&s=/coder/s1/main@-1`],
      ["GET", `/_skein/follow?s=${SHARED}/coder-session/s2@-1`],
      ["GET", `/_skein/follow?s=/_skein/directory@-1`],
    ];
    for (const [method, path] of requests) {
      const answer = failure(await guest(method, path));
      expect([method, path, answer.status, answer.code]).toEqual([method, path, 403, "forbidden"]);
    }
    expect(await dump()).toEqual(before);
  });

  test("[AU14] a link ends at its time or when it is taken back, and what is read live ends with it", async () => {
    const { call, advance, server } = await start();
    const week = await make();
    const short = await make({ expiresInMs: 60_000 });
    const ever = await make({ expiresInMs: null });
    expect(ever.share.expiresAt).toBeUndefined();
    const asks = async ({ token }: ShareCreated): Promise<number> =>
      (await bearer(token)("GET", "/_skein/shares/self")).status;
    advance(59_999);
    expect(await asks(short)).toBe(200);
    advance(1);
    expect(await asks(short)).toBe(401);
    const listed = read(shareList, await call("GET", "/_skein/shares?session=s1"));
    expect(new Set(listed.shares.map(({ id }) => id))).toEqual(new Set([week.share.id, ever.share.id]));

    const live = await server.fetch(
      new Request(`${server.url}/_skein/follow?s=${SHARED}/coder-session/s1@-1`, {
        headers: { authorization: `Bearer ${ever.token}` },
      }),
    );
    const reader = live.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    expect((await call("DELETE", `/_skein/shares/${ever.share.id}`)).status).toBe(204);
    for (;;) {
      // Ended or broken off: nothing more is told.
      const next = await reader?.read().catch(() => ({ done: true }));
      if (next?.done !== false) break;
    }
    expect(await asks(ever)).toBe(401);
    expect(failure(await call("DELETE", `/_skein/shares/${ever.share.id}`)).code).toBe("not_found");
    advance(8 * 24 * 60 * 60_000);
    expect(await asks(week)).toBe(401);
  });

  test("[AU15] only a link's hash is kept, a wrong one is refused like one that has ended, and there are a hundred at most", async () => {
    const { call, store } = await start();
    const { token, share: made } = await make();
    const secret = token.slice(token.lastIndexOf("_") + 1);
    expect(JSON.stringify(await store.getRecord("shares", made.id))).not.toContain(secret);
    expect(JSON.stringify((await call("GET", "/_skein/shares?session=s1")).body)).not.toContain(secret);
    const messages = new Set<string>();
    for (const wrong of [`${token}x`, token.replace(made.id, "nobody"), `skein_share_${made.id}_x`]) {
      const answer = failure(await bearer(wrong)("GET", "/_skein/shares/self"));
      expect(answer).toMatchObject({ status: 401, code: "unauthorized" });
      messages.add(answer.message);
    }
    expect(messages.size).toBe(1);
    expect(failure(await call("POST", "/_skein/shares", { session: "none" })).code).toBe("session_not_found");
    expect(failure(await call("POST", "/_skein/shares", { session: "s1", expiresInMs: 1 })).code).toBe(
      "invalid_request",
    );
    for (let count = 1; count < 100; count += 1) await make({ expiresInMs: 60_000 });
    expect(failure(await call("POST", "/_skein/shares", { session: "s1" })).code).toBe("conflict");
    on().advance(60_000);
    expect(read(share, { status: 200, headers: new Headers(), body: (await make()).share }).session).toBe("s1");
    const { records } = await store.queryRecords({ collection: "shares", limit: 1000 });
    expect(records).toHaveLength(2);
  });
}
