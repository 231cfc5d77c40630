import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { formatOffset } from "@skein/protocol";
import { createMemoryStore } from "@skein/store/memory";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { claimedBody, subscribed, type Subscribed, type SubscribedOptions } from "../testing/subscribed.ts";
import type { EntityUnits } from "./entity-units.ts";
import { SUBSCRIPTION_COLLECTIONS } from "./records.ts";

const open: Subscribed[] = [];
afterEach(async () => {
  for (const on of open.splice(0)) {
    await on.close();
    expect(on.errors).toEqual([]);
  }
});

const notice = claimedBody.omit({ token: true }).extend({
  subscription_id: z.string(),
  callback_url: z.string(),
  callback_token: z.string(),
});
type Notice = z.infer<typeof notice>;

interface Hook {
  readonly notices: Notice[];
  readonly requests: { readonly url: string; readonly init: RequestInit; readonly body: string }[];
}

/** A webhook that answers as the test says. */
function hooked(
  answer: (notice: Notice) => Response | Promise<Response>,
  options: SubscribedOptions = {},
): Hook & Subscribed {
  const hook: Hook = { notices: [], requests: [] };
  const on = subscribed({
    ...options,
    fetch: async (url, init = {}) => {
      const body = z.string().parse(init.body);
      hook.requests.push({ url: z.string().parse(url), init, body });
      const told = notice.parse(JSON.parse(body));
      hook.notices.push(told);
      return answer(told);
    },
  });
  open.push(on);
  return { ...on, ...hook };
}

const subscribe = (on: Subscribed, more: Record<string, unknown> = {}) =>
  on.send("PUT", "__ds/subscriptions/hook", {
    type: "webhook",
    pattern: "events/*",
    webhook: { url: "https://example.com/hook" },
    lease_ttl_ms: 10_000,
    ...more,
  });

const done = (): Response => Response.json({ done: true });

test("[SB20] done in the answer acknowledges what was told, and what came meanwhile is told next", async () => {
  const on = hooked(async (told) => {
    if (told.generation === 1) await on.append("events/a", 2);
    return done();
  });
  expect((await subscribe(on)).status).toBe(201);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const tails = on.notices.map(({ generation, streams }) => [
    generation,
    streams[0]?.acked_offset,
    streams[0]?.tail_offset,
  ]);
  expect(tails).toEqual([
    [1, formatOffset(0), formatOffset(1)],
    [2, formatOffset(1), formatOffset(2)],
  ]);
  expect((await on.send("GET", "__ds/subscriptions/hook")).body).toMatchObject({
    status: "active",
    streams: [{ path: "events/a", acked_offset: formatOffset(2) }],
  });
});

test("[SB21] an answer without done leaves the claim to the callback, and the callback's token works once", async () => {
  const on = hooked(() => new Response("thanks"));
  await subscribe(on);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const [told] = on.notices;
  if (told === undefined) throw new Error("Nothing was told.");
  expect(told.callback_url).toBe("http://test/v1/stream/__ds/subscriptions/hook/callback");
  const { wake_id, generation, callback_token, streams } = told;
  const acks = streams.map(({ path, tail_offset }) => ({ path, offset: tail_offset }));
  const call = (body: Record<string, unknown>) =>
    on.send("POST", "__ds/subscriptions/hook/callback", { wake_id, generation, ...body }, callback_token);
  on.advance(9000);
  expect((await call({})).body).toEqual({ ok: true, next_wake: false });
  on.advance(9000);
  expect((await call({ acks, done: true })).body).toEqual({ ok: true, next_wake: false });
  expect((await call({ acks, done: true })).body).toMatchObject({ error: { code: "FENCED" } });
  expect((await on.send("POST", "__ds/subscriptions/hook/claim", { worker: "w" })).status).toBe(400);
});

test("[SB22] a webhook that fails is called again after 1 s and then ever later, as another generation each time", async () => {
  let fails = true;
  const on = hooked(() => (fails ? new Response("no", { status: 500 }) : done()));
  await subscribe(on);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const waits = [999, 1, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];
  const counts: number[] = [];
  for (const wait of waits) {
    on.advance(wait);
    await on.subscriptions.run();
    counts.push(on.notices.length);
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect((await on.send("GET", "__ds/subscriptions/hook")).body).toMatchObject({
    status: "failed",
    last_error: "The webhook answered 500.",
    next_attempt_at: expect.stringMatching(/Z$/),
  });
  fails = false;
  on.advance(60_000);
  await on.subscriptions.run();
  expect(on.notices.map(({ generation }) => generation)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect((await on.send("GET", "__ds/subscriptions/hook")).body).toMatchObject({ status: "active" });
});

test("[SB22] one that takes the work and never says so is called again when its lease is over", async () => {
  const on = hooked(() => new Response(null, { status: 202 }));
  await subscribe(on);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  on.advance(10_000);
  await on.subscriptions.run();
  expect(on.notices).toHaveLength(1);
  on.advance(1000);
  await on.subscriptions.run();
  expect(on.notices.map(({ generation }) => generation)).toEqual([1, 2]);
});

test("[SB22] the schedule is in the store: a server that comes later goes on with it", async () => {
  let time = 1_000_000;
  const store = createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS, now: () => time });
  const before = hooked(() => new Response("no", { status: 503 }), { store, now: () => time });
  await subscribe(before);
  await before.append("events/a", 1);
  await before.subscriptions.run();
  const after = hooked(done, { store, now: () => time });
  await after.subscriptions.run();
  expect(after.notices).toHaveLength(0);
  time += 1000;
  await Promise.all([before.subscriptions.run(), after.subscriptions.run()]);
  expect(before.notices.length + after.notices.length).toBe(2);
  open.shift();
});

test("[SB19] every call is signed over its time and its exact body, with the key that is published", async () => {
  const on = hooked(done);
  const { body } = await subscribe(on);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const [request] = on.requests;
  const header = new Headers(request?.init.headers).get("webhook-signature") ?? "";
  const [, seconds = "", kid, signature = ""] = /^t=(\d+),kid=([^,]+),ed25519=([\w-]+)$/.exec(header) ?? [];
  expect(Number(seconds)).toBe(Math.floor(on.store.now() / 1000));
  expect(body).toMatchObject({ webhook: { signing: { alg: "ed25519", kid } } });
  const jwks = await on.send("GET", "__ds/jwks.json");
  const { keys } = z
    .object({ keys: z.array(z.object({ kty: z.string(), crv: z.string(), x: z.string() })) })
    .parse(jwks.body);
  const [jwk] = keys;
  if (jwk === undefined) throw new Error("There is no key.");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const judge = (text: string) =>
    verify(null, Buffer.from(`${seconds}.${text}`), key, Buffer.from(signature, "base64url"));
  expect([judge(request?.body ?? ""), judge(`${request?.body} `)]).toEqual([true, false]);
  expect(JSON.stringify([body, jwks.body])).not.toMatch(/"d"|private/i);
});

test("[SB18] redirects are not followed, and answers are read up to a limit and waited for a limited time", async () => {
  const on = hooked(() => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(32)),
    });
    return new Response(endless);
  });
  await subscribe(on);
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const [request] = on.requests;
  expect(request?.init).toMatchObject({ method: "POST", redirect: "manual" });
  expect(request?.init.signal).toBeInstanceOf(AbortSignal);

  const real = subscribed();
  open.push(real);
  const paths: string[] = [];
  const server = createServer((incoming, answer) => {
    paths.push(incoming.url ?? "");
    answer.writeHead(307, { location: "/elsewhere" }).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = z.object({ port: z.number() }).parse(server.address());
  await subscribe(real, { webhook: { url: `http://127.0.0.1:${address.port}/hook` } });
  await real.append("events/a", 1);
  await real.subscriptions.run();
  expect(paths).toEqual(["/hook"]);
  expect((await real.send("GET", "__ds/subscriptions/hook")).body).toMatchObject({
    last_error: "The webhook answered 307.",
  });
  await new Promise((resolve) => server.close(resolve));
});

test("[SB23] so many webhooks are called at once, and the others wait their turn", async () => {
  let now = 0;
  let most = 0;
  const on = hooked(
    async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return done();
    },
    { maxDeliveries: 3 },
  );
  await subscribe(on, { lease_scope: "stream" });
  for (let n = 0; n < 20; n += 1) await on.append(`events/${n}`, n);
  await on.subscriptions.run();
  expect(most).toBeLessThanOrEqual(3);
  expect(new Set(on.notices.flatMap(({ streams }) => streams.map(({ path }) => path))).size).toBe(20);
});

test("[SB22][SB27] a failing webhook of an entity type waits ever longer too, whatever the entity's own delay", async () => {
  let generation = 0;
  let held = false;
  const inbox = "/v1/stream/hello";
  const entities: EntityUnits = {
    look: async () => {
      const offer = { id: "entity:hello", generation: generation + 1, wakeId: `${generation + 1}` };
      return held ? { kind: "claimed", until: on.store.now() + 10_000 } : { kind: "ready", at: on.store.now(), offer };
    },
    async *waiting() {},
    claim: async () => {
      held = true;
      generation += 1;
      const told = { wake_id: `${generation}`, generation, token: "t", streams: [], lease_ttl_ms: 10_000 };
      return { kind: "done", value: { ...told, subscription_id: "entity:hello", entity: {} } };
    },
    ack: async () => ({ kind: "done", value: { ok: true, next_wake: false } }),
    release: async () => {
      held = false;
      // As the server does: work is left, so somebody shall look.
      await on.subscriptions.look(inbox);
      return { kind: "done", value: undefined };
    },
  };
  const on = hooked(() => new Response("no", { status: 500 }), { entities, entityPattern: () => "/v1/stream/*" });
  const body = { type: "webhook", entity_type: "hello", webhook: { url: "https://example.com/" } };
  expect((await on.send("PUT", "__ds/subscriptions/hook", body)).status).toBe(201);
  await on.append("hello", 1);
  await on.subscriptions.run();
  const counts: number[] = [];
  for (const wait of [999, 1, 1999, 1, 4000, 8000]) {
    on.advance(wait);
    await on.append("hello", 2);
    await on.subscriptions.run();
    counts.push(on.notices.length);
  }
  expect(counts).toEqual([1, 2, 2, 3, 4, 5]);
});
