import { mainStream } from "@skein/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { failure, read } from "../caller.ts";
import { row, type Fixture } from "../fixture.ts";
import { claimed, startHook, type Claimed, type Notice } from "../hook.ts";

const URL = "/hello/a";
const SELF = "/v1/stream/__ds/subscriptions/entity:hello:a";

/** Entities by the protocol's subscriptions, beside runners. */
export function dispatchRules(on: () => Fixture): void {
  const underClaim = async (
    path: string,
    { wake_id, generation, token }: Claimed,
    body: Record<string, unknown> = {},
  ) => {
    const { server } = on();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify({ wake_id, generation, ...body }) };
    const response = await server.fetch(new Request(`${server.url}${path}`, init));
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : z.unknown().parse(JSON.parse(text)) };
  };
  const claim = async (): Promise<Claimed> => read(claimed, await on().call("POST", `${SELF}/claim`, { worker: "w" }));
  const all = ({ streams }: Claimed) => streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset }));

  test("[SB26] an entity is served by the protocol alone: claim, acknowledge, commit under the claim, done", async () => {
    const { runner, spawn, call, committed, events } = on();
    await runner("r", ["hello"]);
    await spawn(URL, { initialMessage: { payload: 1 } });
    expect((await call("GET", SELF)).body).toMatchObject({
      entity: URL,
      streams: [{ path: mainStream(URL), has_pending: true }],
    });
    const held = await claim();
    expect(held.streams).toMatchObject([{ path: mainStream(URL) }]);
    // The token is the claim's secret everywhere.
    const entity = read(z.custom<Parameters<typeof committed>[0]["entity"]>(), await call("GET", URL));
    const run = row("run", "1-0", { key: "1-0", status: "started", startedAt: 1 });
    const writes = [{ stream: mainStream(URL), events: [run] }];
    const asRunner = {
      kind: "claim",
      entity,
      claimId: held.token,
      generation: held.generation,
      leaseMs: 1,
      from: "",
    } as const;
    await committed(asRunner, { seq: 1, writes });
    expect((await underClaim(`${SELF}/ack`, held)).body).toEqual({ ok: true, next_wake: false });
    const acks = all(held);
    const wrong = await underClaim(`${SELF}/ack`, held, {
      acks: [{ stream: "/hello/b/main", offset: acks[0]?.offset }],
    });
    expect(wrong.body).toMatchObject({ error: { code: "INVALID_OFFSET" } });
    expect((await underClaim(`${SELF}/ack`, held, { acks, done: true })).body).toEqual({ ok: true, next_wake: false });
    expect((await underClaim(`${SELF}/ack`, held, { acks, done: true })).body).toMatchObject({
      error: { code: "FENCED" },
    });
    expect((await call("GET", URL)).body).toMatchObject({ status: "idle" });
    expect((await events(mainStream(URL))).filter(({ type }) => type === "run")).toHaveLength(1);
    expect((await call("POST", `${SELF}/claim`, { worker: "w" })).body).toMatchObject({
      error: { code: "NO_PENDING_WORK" },
    });
  });

  test("[SB26] runners and workers of the protocol exclude and fence each other, by one generation", async () => {
    const { runner, spawn, call, poll, claim: claimAsRunner, commit, advance, send } = on();
    await runner("r", ["hello"]);
    await spawn(URL);
    const worker = await claim();
    expect((await poll("r")).status).toBe(204);
    advance(30_000);
    const held = await claimAsRunner("r");
    expect(held.generation).toBe(worker.generation + 1);
    expect((await underClaim(`${SELF}/ack`, worker, { done: true })).body).toMatchObject({ error: { code: "FENCED" } });
    expect((await call("POST", `${SELF}/claim`, { worker: "w" })).body).toMatchObject({
      error: { code: "ALREADY_CLAIMED", current_holder: "r", generation: held.generation },
    });
    await send(URL, { payload: 1 });
    advance(30_000);
    const next = await claim();
    expect(next.generation).toBe(held.generation + 1);
    expect(failure(await commit(held, { seq: 1, writes: [] })).code).toBe("fenced");
    expect((await underClaim(`${SELF}/release`, next)).status).toBe(204);
    expect((await poll("r")).status).toBe(204);
    advance(400);
    expect((await claimAsRunner("r")).generation).toBe(next.generation + 1);
  });

  test("[SB27] the wakes of an entity type are told on a wake stream, again while nobody claims them", async () => {
    const { runner, spawn, call, advance, send } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/early");
    await call("PUT", "/v1/stream/pool", "[]");
    const body = { type: "pull-wake", entity_type: "hello", wake_stream: "pool" };
    expect((await call("PUT", "/v1/stream/__ds/subscriptions/pool", body)).status).toBe(201);
    await spawn(URL);
    const seen = z.array(z.object({ subscription_id: z.string(), generation: z.number() }));
    const wakes: string[] = [];
    let next = "-1";
    const count = (wanted: string): number => wakes.filter((wake) => wake === wanted).length;
    const told = async (wanted: string, times: number): Promise<void> => {
      while (count(wanted) < times) {
        const { headers, body: answer } = await call("GET", `/v1/stream/pool?offset=${next}&live=long-poll`);
        next = headers.get("stream-next-offset") ?? next;
        const events = answer === "" ? [] : seen.parse(answer);
        wakes.push(...events.map(({ subscription_id, generation }) => `${subscription_id} ${generation}`));
      }
    };
    await told("entity:hello:early 1", 1);
    await told("entity:hello:a 1", 1);
    advance(1000);
    // Something has to make the server look: its timers do not follow the clock of the test.
    await spawn("/hello/later");
    await told("entity:hello:early 1", 2);
    await told("entity:hello:a 1", 2);
    const held = await claim();
    expect(held.wake_id).toBe("entity:hello:a:1");
    await send(URL, { payload: 2 });
    const ended = await underClaim(`${SELF}/ack`, held, { acks: all(held), done: true });
    expect(ended.body).toEqual({ ok: true, next_wake: true });
    await told("entity:hello:a 2", 1);
  });

  test("[SB27] a webhook serves an entity type: called under the claim, done in the answer or by the callback", async () => {
    const { runner, spawn, call, send, poll } = on();
    const notices: Notice[] = [];
    let answer: unknown = { done: true };
    const hook = await startHook((notice) => {
      notices.push(notice);
      return answer;
    });
    try {
      await runner("r", ["other"]);
      const registration = { name: "hello", description: "hello" };
      await call("POST", "/_skein/entity-types", registration);
      const body = { type: "webhook", entity_type: "hello", webhook: { url: hook.url } };
      expect((await call("PUT", "/v1/stream/__ds/subscriptions/hook", body)).status).toBe(201);
      const settled = async (): Promise<void> => {
        while (!JSON.stringify((await call("GET", SELF)).body).includes('"has_pending":false')) await hook.turn();
      };
      await spawn(URL, { initialMessage: { payload: 1 } });
      await hook.called(1);
      await settled();
      expect(notices[0]).toMatchObject({ subscription_id: "entity:hello:a", generation: 1, entity: { url: URL } });

      answer = {};
      await send(URL, { payload: 2 });
      await hook.called(2);
      const [, told] = notices;
      if (told === undefined) throw new Error("Nothing was told.");
      expect((await poll("r")).status).toBe(204);
      expect(told.callback_url.endsWith(`${encodeURIComponent("entity:hello:a")}/callback`)).toBe(true);
      const held = { ...told, token: told.callback_token };
      const done = await underClaim(`${SELF}/callback`, held, { acks: all(held), done: true });
      expect(done.body).toEqual({ ok: true, next_wake: false });
      expect((await call("GET", URL)).body).toMatchObject({ status: "idle" });
    } finally {
      await hook.close();
    }
  });

  test("[SB28] without the token nothing but a claim's own requests and the public key, and no other streams", async () => {
    const { server, call } = on();
    const anonymous = (method: string, path: string) =>
      server.fetch(
        new Request(`${server.url}/v1/stream/__ds/${path}`, { method, ...(method === "GET" ? {} : { body: "{}" }) }),
      );
    const one = "subscriptions/s";
    for (const [method, path] of [
      ["PUT", one],
      ["GET", one],
      ["DELETE", one],
      ["POST", `${one}/claim`],
      ["POST", `${one}/streams`],
      ["POST", "subscriptions/entity:hello:a/claim"],
      ["GET", "subscriptions/entity:hello:a"],
    ] as const) {
      const response = await anonymous(method, path);
      expect([method, path, response.status]).toEqual([method, path, 401]);
      await response.text();
    }
    for (const path of [`${one}/ack`, `${one}/release`, `${one}/callback`, "subscriptions/entity:hello:a/ack"]) {
      const response = await anonymous("POST", path);
      expect([response.status, await response.json()]).toMatchObject([401, { error: { code: "TOKEN_INVALID" } }]);
    }
    expect((await anonymous("GET", "jwks.json")).status).toBe(200);
    const make = async (config: Record<string, unknown>) =>
      (
        await call("PUT", `/v1/stream/__ds/subscriptions/x${JSON.stringify(config).length}`, {
          type: "pull-wake",
          wake_stream: "w",
          ...config,
        })
      ).status;
    expect(await make({ streams: ["/hello/a/main", "/_skein/shared-state/board"] })).toBe(201);
    expect(await make({ pattern: "/hello/*/main" })).toBe(201);
    expect(await make({ entity_type: "Not A Type" })).toBe(400);
    expect(await make({ streams: ["__ds/jwks.json"] })).toBe(400);
    expect(await make({ pattern: "a", wake_stream: "/hello/a/main" })).toBe(201);
    expect((await call("PUT", "/v1/stream/__ds/anything", "")).status).toBeGreaterThanOrEqual(400);
    expect((await call("PUT", SELF, { type: "pull-wake", wake_stream: "w", streams: ["a"] })).status).toBe(400);
  });
}
