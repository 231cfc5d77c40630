import { entityPage } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, read } from "../../caller.ts";
import type { Fixture } from "../../fixture.ts";
import { startHook } from "../../hook.ts";

const OBJECT = { type: "object" };
const TOPIC = { type: "object", properties: { topic: { type: "string" } }, required: ["topic"] };

export function entityScenarios(on: () => Fixture): void {
  const define = (name: string, more: Record<string, unknown> = {}) =>
    on().call("POST", "/_skein/entity-types", { name, description: `The type ${name}`, ...more });
  const listed = async (query = "") => {
    const { entities } = read(entityPage, await on().call("GET", `/_skein/entities${query}`));
    return entities.map(({ url }) => url);
  };

  test("[SC1] spawn creates entity and streams", async () => {
    const { call } = on();
    await define("agent", { creationSchema: OBJECT });
    expect(await call("PUT", "/agent/entity-1", {})).toMatchObject({
      status: 201,
      body: { url: "/agent/entity-1", status: "idle", streams: { main: "/agent/entity-1/main" } },
    });
    expect((await call("HEAD", "/agent/entity-1/main")).status).toBe(200);
  });

  test("[SC1] spawn at unregistered type returns UNKNOWN_ENTITY_TYPE", async () => {
    const answer = await on().call("PUT", "/unregistered/entity-1", {});
    expect(failure(answer)).toMatchObject({ status: 404, code: "unknown_entity_type" });
  });

  // The same spawn again is answered with what is there: whoever did not hear the first answer may ask again.
  test("[SC1] spawn rejects duplicate URL", async () => {
    const { call } = on();
    await define("agent", { creationSchema: OBJECT });
    const first = await call("PUT", "/agent/entity-1", { args: { n: 1 } });
    expect(first.status).toBe(201);
    const other = await call("PUT", "/agent/entity-1", { args: { n: 2 } });
    expect(failure(other)).toMatchObject({ status: 409, code: "entity_exists" });
    expect(await call("PUT", "/agent/entity-1", { args: { n: 1 } })).toMatchObject({ status: 200, body: first.body });
  });

  test("[SC1] spawn without type succeeds", async () => {
    const { call } = on();
    await define("agent", { creationSchema: OBJECT });
    expect((await call("PUT", "/agent/entity-1")).status).toBe(201);
    expect((await call("GET", "/agent/entity-1")).body).toMatchObject({ type: "agent" });
  });

  test("[SC1] typed spawn validates creation_schema", async () => {
    await define("agent", { creationSchema: TOPIC });
    const answer = await on().call("PUT", "/agent/entity-1", { args: { topic: "CRDTs" } });
    expect(answer).toMatchObject({ status: 201, body: { args: { topic: "CRDTs" } } });
  });

  test("[SC1] typed spawn rejects invalid args (C10)", async () => {
    const { call } = on();
    await define("agent", { creationSchema: TOPIC });
    for (const args of [{ invalid: true }, { topic: 1 }, undefined]) {
      const answer = await call("PUT", "/agent/bad-entity-1", { args });
      expect(failure(answer)).toMatchObject({ status: 422, code: "schema_validation_failed" });
    }
    expect((await call("GET", "/agent/bad-entity-1")).status).toBe(404);
  });

  test("[SC1] typed spawn at unregistered type returns UNKNOWN_ENTITY_TYPE (C9)", async () => {
    const answer = await on().call("PUT", "/nonexistent/should-fail", { args: { topic: "x" } });
    expect(failure(answer)).toMatchObject({ status: 404, code: "unknown_entity_type" });
  });

  test("[SC1] spawn with parent", async () => {
    const { call } = on();
    await define("agent");
    await call("PUT", "/agent/parent-entity", {});
    const child = await call("PUT", "/agent/child-entity", { parent: "/agent/parent-entity" });
    expect(child).toMatchObject({ status: 201, body: { parent: "/agent/parent-entity" } });
    expect(await listed("?parent=/agent/parent-entity")).toEqual(["/agent/child-entity"]);
  });

  test("[SC1] spawn with parent rejects missing parent", async () => {
    const { call } = on();
    await define("agent");
    const answer = await call("PUT", "/agent/orphan-entity", { parent: "/nonexistent/parent" });
    expect(failure(answer)).toMatchObject({ status: 404, code: "not_found" });
    expect((await call("GET", "/agent/orphan-entity")).status).toBe(404);
  });

  test("[SC1] spawn with explicit tags sets tags", async () => {
    const { call } = on();
    await define("agent");
    await call("PUT", "/agent/inst-1", { tags: { color: "blue", count: "42" } });
    expect((await call("GET", "/agent/inst-1")).body).toMatchObject({ tags: { color: "blue", count: "42" } });
  });

  test("[SC1] spawn rejects non-string tags", async () => {
    await define("agent");
    const answer = await on().call("PUT", "/agent/should-fail", { tags: { wrong: 123 } });
    expect(failure(answer)).toMatchObject({ status: 400, code: "invalid_request" });
  });

  test("[SC1] spawn without explicit tags defaults to empty tags", async () => {
    await define("agent");
    await on().call("PUT", "/agent/entity-1", {});
    expect((await on().call("GET", "/agent/entity-1")).body).toMatchObject({ tags: {} });
  });

  test("[SC1] concurrent spawns under same type succeed", async () => {
    const { call } = on();
    await define("agent");
    const urls = Array.from({ length: 5 }, (_, n) => `/agent/concurrent-${n}`);
    const answers = await Promise.all(urls.map((url) => call("PUT", url, {})));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const found = await Promise.all(urls.map((url) => call("GET", url)));
    expect(found.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test("[SC2] ps lists entities", async () => {
    const { call } = on();
    await define("worker");
    await define("agent");
    await call("PUT", "/worker/entity-1", {});
    await call("PUT", "/agent/entity-2", {});
    expect(await listed()).toEqual(expect.arrayContaining(["/worker/entity-1", "/agent/entity-2"]));
    expect(await listed("?type=agent")).toEqual(["/agent/entity-2"]);
  });

  test("[SC2] list with status filter", async () => {
    const { call } = on();
    await define("agent");
    for (const id of ["entity-1", "entity-2"]) await call("PUT", `/agent/${id}`, {});
    await call("DELETE", "/agent/entity-2");
    expect(await listed("?status=killed")).toEqual(["/agent/entity-2"]);
    expect(await listed("?status=idle")).toEqual(["/agent/entity-1"]);
    expect(await listed("?status=running")).toEqual([]);
  });

  test("[SC2] get nonexistent entity returns 404", async () => {
    expect(failure(await on().call("GET", "/does-not-exist-type/does-not-exist"))).toMatchObject({
      status: 404,
      code: "not_found",
    });
  });

  test("[SC3] kill stops entity and rejects further sends", async () => {
    const { call } = on();
    await define("agent");
    await call("PUT", "/agent/entity-1", {});
    expect(await call("DELETE", "/agent/entity-1")).toMatchObject({ status: 200, body: { status: "killed" } });
    const answer = await call("POST", "/agent/entity-1/send", { payload: "late" });
    expect(failure(answer)).toMatchObject({ status: 409, code: "entity_ended" });
  });

  test("[SC3] stream data persists after kill", async () => {
    const { call, send, events } = on();
    await define("agent");
    await call("PUT", "/agent/entity-1", {});
    await send("/agent/entity-1", { payload: { before: "kill" } });
    await call("DELETE", "/agent/entity-1");
    const log = await events("/agent/entity-1/main");
    expect(log.find(({ type }) => type === "inbox")).toMatchObject({ value: { payload: { before: "kill" } } });
    expect(log.at(-1)).toMatchObject({ type: "entity_ended" });
  });

  test("[SC3] kill nonexistent entity with registered type returns 404", async () => {
    await define("agent");
    const answer = await on().call("DELETE", "/agent/nonexistent-id-12345");
    expect(failure(answer)).toMatchObject({ status: 404, code: "not_found" });
  });

  test("[SC3] kill already-stopped entity is idempotent", async () => {
    const { call, events } = on();
    await define("agent");
    await call("PUT", "/agent/entity-1", {});
    const first = await call("DELETE", "/agent/entity-1");
    expect(await call("DELETE", "/agent/entity-1")).toMatchObject({ status: 200, body: first.body });
    expect((await events("/agent/entity-1/main")).filter(({ type }) => type === "entity_ended")).toHaveLength(1);
  });

  test("[SC3] multiple entities under same subscription", async () => {
    const { call, send } = on();
    const told: unknown[] = [];
    const hook = await startHook(({ entity }) => {
      told.push(entity);
      return { done: true };
    });
    try {
      await define("worker");
      const subscription = { type: "webhook", entity_type: "worker", webhook: { url: hook.url } };
      await call("PUT", "/v1/stream/__ds/subscriptions/multi", subscription);
      await call("PUT", "/worker/entity-1", {});
      await hook.called(1);
      await call("PUT", "/worker/entity-2", {});
      await hook.called(2);
      await call("DELETE", "/worker/entity-1");
      await send("/worker/entity-2", { payload: 1 });
      await hook.called(3);
      expect(told).toMatchObject([
        { url: "/worker/entity-1" },
        { url: "/worker/entity-2" },
        { url: "/worker/entity-2" },
      ]);
      expect((await call("GET", "/worker/entity-1")).body).toMatchObject({ status: "killed" });
      expect(["running", "idle"]).toContain((await on().spawn("/worker/entity-2")).status);
    } finally {
      await hook.close();
    }
  });

  test("[SC3] full lifecycle: spawn → send → webhook → read → kill", async () => {
    const { call, send, events } = on();
    const hook = await startHook(() => ({ done: true }));
    try {
      await define("agent");
      const subscription = { type: "webhook", entity_type: "agent", webhook: { url: hook.url } };
      expect((await call("PUT", "/v1/stream/__ds/subscriptions/e2e", subscription)).status).toBe(201);
      expect((await call("PUT", "/agent/entity-1", {})).status).toBe(201);
      await hook.called(1);
      await send("/agent/entity-1", { payload: { task: "do-something" } });
      await hook.called(2);
      const log = await events("/agent/entity-1/main");
      expect(log.find(({ type }) => type === "inbox")).toMatchObject({ value: { payload: { task: "do-something" } } });
      expect((await call("DELETE", "/agent/entity-1")).status).toBe(200);
      expect((await call("GET", "/agent/entity-1")).body).toMatchObject({ status: "killed" });
      const late = await call("POST", "/agent/entity-1/send", { payload: 1 });
      expect(failure(late)).toMatchObject({ status: 409, code: "entity_ended" });
    } finally {
      await hook.close();
    }
  });
}
