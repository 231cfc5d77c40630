import { changeEvent, type ChangeEvent } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../../caller.ts";
import type { Fixture } from "../../fixture.ts";
import { startHook, type Notice } from "../../hook.ts";

const QUERY = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
const MAIN = "/agent/entity-1/main";

export function messageScenarios(on: () => Fixture): void {
  const spawned = async (schemas: Record<string, unknown> = {}): Promise<void> => {
    await on().call("POST", "/_skein/entity-types", { name: "agent", description: "Agent", ...schemas });
    await on().spawn("/agent/entity-1");
  };
  const trySend = (body: unknown) => on().call("POST", "/agent/entity-1/send", body);
  const inbox = async (): Promise<ChangeEvent[]> => (await on().events(MAIN)).filter(({ type }) => type === "inbox");
  const payloads = async (): Promise<unknown[]> => (await inbox()).map(({ value }) => Object(value).payload as unknown);

  test("[SC4] send delivers State Protocol message event", async () => {
    await spawned();
    // Whoever the body says it is from: the server knows who sent it.
    expect((await trySend({ from: "user-1", payload: { task: "hello" } })).status).toBe(200);
    const [event] = await inbox();
    expect(event).toMatchObject({
      type: "inbox",
      key: expect.any(String),
      value: { from: "user:test", payload: { task: "hello" } },
    });
  });

  test("[SC4] send triggers webhook with entity context", async () => {
    const { call, send } = on();
    const notices: Notice[] = [];
    const hook = await startHook((notice) => {
      notices.push(notice);
      return { done: true };
    });
    try {
      await spawned();
      const subscription = { type: "webhook", entity_type: "agent", webhook: { url: hook.url } };
      await call("PUT", "/v1/stream/__ds/subscriptions/ctx", subscription);
      await hook.called(1);
      await send("/agent/entity-1", { payload: { ping: true } });
      await hook.called(2);
      for (const notice of notices) {
        expect(notice).toMatchObject({ entity: { url: "/agent/entity-1", type: "agent", streams: { main: MAIN } } });
      }
      expect(notices[1]?.generation).toBeGreaterThan(notices[0]?.generation ?? Infinity);
      expect(new Set(notices.map(({ wake_id }) => wake_id)).size).toBe(notices.length);
    } finally {
      await hook.close();
    }
  });

  test("[SC4] send to nonexistent entity returns 404", async () => {
    const answer = await on().call("POST", "/nonexistent-type/nonexistent-id/send", { payload: {} });
    expect(failure(answer)).toMatchObject({ status: 404, code: "not_found" });
  });

  test("[SC4] multiple sends preserve order in stream", async () => {
    await spawned();
    for (const seq of [1, 2, 3]) await on().send("/agent/entity-1", { payload: { seq } });
    expect(await payloads()).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
  });

  test("[SC4] send without payload is rejected", async () => {
    await spawned();
    for (const body of [{ from: "tester" }, {}, { type: "query" }]) {
      expect(failure(await trySend(body))).toMatchObject({ status: 400, code: "invalid_request" });
    }
    expect(await inbox()).toEqual([]);
    expect((await trySend({ payload: null })).status).toBe(200);
  });

  test("[SC5] send validates input_schemas (C11)", async () => {
    await spawned({ inboxSchemas: { query: QUERY } });
    expect((await trySend({ type: "query", payload: { text: "hello" } })).status).toBe(200);
  });

  test("[SC5] send rejects invalid typed message (C11)", async () => {
    await spawned({ inboxSchemas: { query: QUERY } });
    const answer = await trySend({ type: "query", payload: { invalid: true } });
    expect(failure(answer)).toMatchObject({ status: 422, code: "schema_validation_failed" });
    expect(await inbox()).toEqual([]);
  });

  test("[SC5] send rejects unknown message type (C13)", async () => {
    await spawned({ inboxSchemas: { query: QUERY } });
    const answer = await trySend({ type: "unknown_type", payload: { text: "hi" } });
    expect(failure(answer)).toMatchObject({ status: 422, code: "unknown_message_type" });
  });

  test("[SC5] send without type when no input_schemas accepts any", async () => {
    await spawned();
    expect((await trySend({ payload: { anything: "goes" } })).status).toBe(200);
  });

  test("[SC5] send with empty input_schemas rejects all", async () => {
    await spawned({ inboxSchemas: {} });
    const answer = await trySend({ type: "some_type", payload: { text: "anything" } });
    expect(failure(answer)).toMatchObject({ status: 422, code: "unknown_message_type" });
  });

  test("[SC4] send() writes events in State Protocol format", async () => {
    await spawned();
    await on().send("/agent/entity-1", { payload: { text: "hello world" } });
    const [event] = await inbox();
    expect(changeEvent.parse(event)).toMatchObject({
      headers: { operation: "insert", principal: "user:test" },
      value: { payload: { text: "hello world" }, from: "user:test" },
    });
  });

  test("[SC4] send() events pass State Protocol invariant checks", async () => {
    await spawned();
    for (const text of ["first", "second"]) await on().send("/agent/entity-1", { payload: { text } });
    const rows = await inbox();
    expect(rows).toHaveLength(2);
    for (const { key, value, headers } of rows) {
      expect(headers.operation).toBe("insert");
      expect(value).toMatchObject({ key });
    }
  });

  test("[SC4] multiple sends produce unique sequential keys", async () => {
    const { send, advance } = on();
    await spawned();
    for (const seq of [1, 2, 3]) {
      await send("/agent/entity-1", { payload: { seq } });
      advance(1);
    }
    const keys = (await inbox()).map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
    expect(keys.toSorted()).toEqual(keys);
    expect(await payloads()).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
  });

  test("[SC4] send event is parseable by webhook handler", async () => {
    await spawned();
    await on().send("/agent/entity-1", { payload: { text: "test message for parsing" } });
    expect((await inbox()).at(-1)).toMatchObject({ value: { payload: { text: "test message for parsing" } } });
  });

  test("[SC4] stream events after send are all State Protocol format", async () => {
    const { runner, claim, finish, send, events, call } = on();
    await runner("r", ["agent"]);
    await spawned();
    await send("/agent/entity-1", { payload: { text: "verify all" } });
    await finish(await claim("r"));
    await call("POST", "/agent/entity-1/tags/name", { value: "x" });
    await call("POST", "/agent/entity-1/signal", { signal: "interrupt" });
    await call("DELETE", "/agent/entity-1");
    const log = await events(MAIN);
    expect(log.map(({ type }) => type)).toEqual(["entity_created", "inbox", "tag", "signal", "entity_ended"]);
    for (const event of log) expect(changeEvent.safeParse(event).success).toBe(true);
  });
}
