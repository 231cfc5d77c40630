import type { PushMessage } from "@skein/protocol";
import { CODER_RESOURCE_TAG, CODER_RUN_STATUS_EVENT, SESSION_INFO_EVENT, TRANSCRIPT_EVENT } from "@skein/sessions";
import { createMemoryStore } from "@skein/store/memory";
import { expect, onTestFinished, test } from "vitest";
import { SERVER_COLLECTIONS } from "../records/collections.ts";
import { failure } from "../testing/caller.ts";
import { createFixture, declared, row } from "../testing/fixture.ts";
import { createMemoryServer } from "../testing/memory-server.ts";
import { createPushBrowser } from "../testing/push-browser.ts";
import { createPushService } from "./send.ts";

const SESSION = "/_skein/shared-state/coder-session/s1";
const STATUS = { name: "coder", description: "Drives.", stateSchemas: { [CODER_RUN_STATUS_EVENT]: {} } };

/** Two servers on one store, a push service, and a coder with a session. */
async function start() {
  const store = createMemoryStore({ collections: SERVER_COLLECTIONS });
  const sent: { readonly endpoint: string; readonly headers: Headers; readonly body: Uint8Array }[] = [];
  const answers = new Map<string, number>();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    sent.push({ endpoint: request.url, headers: request.headers, body });
    return new Response(null, { status: answers.get(request.url) ?? 201 });
  };
  const push = createPushService(fetch, "mailto:owner@skein.invalid");
  const [server, other] = [createMemoryServer({ store, push }), createMemoryServer({ store, push })];
  onTestFinished(async () => {
    await server.close();
    await other.close();
  });
  const fixture = createFixture(server, store, () => undefined);
  await fixture.runner("r", [STATUS]);
  await fixture.spawn("/coder/a", { tags: { [CODER_RESOURCE_TAG]: "coder-session/s1" } });
  const held = await fixture.claim("r");
  let seq = 0;
  const write = async (status: string, ...events: ReturnType<typeof row>[]): Promise<void> => {
    seq += 1;
    const state = row(CODER_RUN_STATUS_EVENT, "current", { key: "current", status });
    await fixture.committed(held, {
      seq,
      writes: [
        { stream: "/coder/a/main", events: [...(seq === 1 ? [declared("coder-session/s1")] : []), state] },
        { stream: SESSION, create: true, events },
      ],
    });
  };
  const info = {
    key: "current",
    agent: "claude",
    cwd: "/w",
    sessionId: "s1",
    createdAt: 1,
    title: "Fix\u202e the login",
  };
  await write("idle", row(SESSION_INFO_EVENT, "current", info));
  return { ...fixture, sent, answers, write };
}

function event(key: string, type: string, payload: Record<string, unknown>) {
  return row(TRANSCRIPT_EVENT, key, { key, ts: 1, type, payload: { v: 1, type, ...payload } });
}

const asks = (requestId: string) =>
  event(requestId, "permission_request", { requestId, tool: "terminal", input: { command: "ls" }, title: "Run ls?" });

test("[PN1][PN2] a browser that wants it is told of every request and of the end of a turn, once, whatever the number of servers", async () => {
  const { call, write, sent } = await start();
  const both = createPushBrowser("https://push.test/both");
  const needs = createPushBrowser("https://push.test/needs");
  const put = (browser: typeof both, wants: { needs: boolean; finished: boolean }) =>
    call("PUT", "/_skein/push", { subscription: { ...browser.subscription, expirationTime: null }, wants });
  expect((await put(both, { needs: true, finished: true })).status).toBe(204);
  expect((await put(needs, { needs: true, finished: false })).status).toBe(204);
  expect((await call("GET", "/_skein/push")).body).toMatchObject({ publicKey: expect.stringMatching(/^[\w-]{80,}$/) });

  await write("waiting", event("p1", "user_message", { text: "go" }), asks("q1"));
  await expect.poll(() => sent.length, { timeout: 20_000 }).toBe(2);
  await write("waiting", asks("q2"));
  await expect.poll(() => sent.length, { timeout: 20_000 }).toBe(4);
  await write("running", event("a1", "permission_response", { requestId: "q1", decision: "allow" }));
  await write(
    "idle",
    event("m1", "assistant_message", { text: "All done." }),
    event("e", "turn_complete", { success: true }),
  );
  await expect.poll(() => sent.length, { timeout: 20_000 }).toBe(5);
  const told = (browser: typeof both): PushMessage[] =>
    sent.filter(({ endpoint }) => endpoint === browser.subscription.endpoint).map(({ body }) => browser.read(body));
  expect(told(needs).map(({ body }) => body)).toEqual(["Run ls?", "Run ls?"]);
  expect(told(both)).toEqual([
    { title: "Fix the login", body: "Run ls?", url: "/s/s1", tag: "s1" },
    { title: "Fix the login", body: "Run ls?", url: "/s/s1", tag: "s1" },
    { title: "Fix the login", body: "All done.", url: "/s/s1", tag: "s1" },
  ]);
  for (const { headers, body } of sent) {
    expect(headers.get("authorization")).toMatch(/^vapid t=.+, k=.+/i);
    expect(headers.get("content-encoding")).toBe("aes128gcm");
    expect(Buffer.from(body).toString("latin1")).not.toContain("login");
  }
});

test("[PN3] a browser that has unsubscribed is forgotten, one that fails is tried again with the next message, and anyone can be taken back", async () => {
  const { call, write, sent, answers, store } = await start();
  const wants = { needs: true, finished: false };
  for (const name of ["gone", "broken", "left"]) {
    const { subscription } = createPushBrowser(`https://push.test/${name}`);
    await call("PUT", "/_skein/push", { subscription, wants });
  }
  answers.set("https://push.test/gone", 410).set("https://push.test/broken", 500);
  expect((await call("POST", "/_skein/push/forget", { endpoint: "https://push.test/left" })).status).toBe(204);
  await write("waiting", event("p1", "user_message", { text: "go" }), asks("q1"));
  const left = async () => {
    const { records } = await store.queryRecords<{ endpoint: string; failures: number }>({
      collection: "push",
      limit: 9,
    });
    return records.map(({ value: { endpoint, failures } }) => `${endpoint} ${failures}`);
  };
  await expect.poll(left, { timeout: 20_000 }).toEqual(["https://push.test/broken 1"]);
  answers.delete("https://push.test/broken");
  await write("waiting", asks("q2"));
  await expect.poll(left, { timeout: 20_000 }).toEqual(["https://push.test/broken 0"]);
  expect(sent.map(({ endpoint }) => endpoint)).not.toContain("https://push.test/left");
});

test("[PN4] only an https endpoint with its keys is taken, and there are a hundred at most", async () => {
  const { call } = await start();
  const wants = { needs: true, finished: true };
  const { keys } = createPushBrowser("https://push.test/x").subscription;
  for (const endpoint of ["http://127.0.0.1/x", "file:///etc/passwd", "push", ""]) {
    const answer = failure(await call("PUT", "/_skein/push", { subscription: { endpoint, keys }, wants }));
    expect([endpoint, answer.status]).toEqual([endpoint, 400]);
  }
  for (let n = 0; n < 100; n += 1)
    await call("PUT", "/_skein/push", { subscription: { endpoint: `https://push.test/${n}`, keys }, wants });
  const more = await call("PUT", "/_skein/push", { subscription: { endpoint: "https://push.test/more", keys }, wants });
  expect(failure(more).code).toBe("conflict");
  const again = await call("PUT", "/_skein/push", { subscription: { endpoint: "https://push.test/7", keys }, wants });
  expect(again.status).toBe(204);
});
