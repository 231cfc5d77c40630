import { createRegistry } from "@skein/runtime";
import { expect, test } from "vitest";
import { startWorld } from "./harness.ts";

test("[RT49] the client has every route of entities, types, sessions and runners", async () => {
  const registry = createRegistry();
  registry.define("thing", { description: "Is there.", handler: () => undefined });
  const { client } = await startWorld(registry);
  expect(await client.health()).toMatchObject({ status: "ok" });
  await client.registerEntityType({ name: "other", description: "Registered by hand." });
  expect((await client.listEntityTypes()).map(({ name }) => name).sort()).toEqual(["other", "thing"]);
  expect(await client.getEntityType("other")).toMatchObject({ description: "Registered by hand." });
  const amended = await client.amendEntityType("other", { inboxSchemas: { hello: { type: "string" } } });
  expect(amended).toMatchObject({ revision: 2, inboxSchemas: { hello: { type: "string" } } });
  await expect(client.amendEntityType("other", { inboxSchemas: { hello: {} } })).rejects.toMatchObject({
    code: "schema_key_exists",
  });
  await client.deleteEntityType("other");
  await expect(client.getEntityType("other")).rejects.toMatchObject({ code: "not_found" });

  const made = await client.spawn("thing", "one", { tags: { colour: "red" } });
  expect(made).toMatchObject({ url: "/thing/one", created: true });
  expect(await client.spawn("thing", "one", { tags: { colour: "red" } })).toMatchObject({ created: false });
  await client.spawn("thing", "two", { parent: "/thing/one" });
  expect(await client.getEntity("/thing/one")).toMatchObject({ tags: { colour: "red" } });
  const urls = async (query: Parameters<typeof client.listEntities>[0]): Promise<string[]> =>
    (await client.listEntities(query)).entities.map(({ url }) => url).sort();
  expect(await urls({ type: "thing" })).toEqual(["/thing/one", "/thing/two"]);
  expect(await urls({ tags: { colour: "red" } })).toEqual(["/thing/one"]);
  expect(await urls({ parent: "/thing/one" })).toEqual(["/thing/two"]);
  const page = await client.listEntities({ limit: 1 });
  expect(page.entities).toHaveLength(1);
  expect((await client.listEntities({ limit: 1, after: page.next })).entities[0]?.url).not.toBe(page.entities[0]?.url);

  const first = await client.send("/thing/one", { payload: 1, idempotencyKey: "k" });
  expect(await client.send("/thing/one", { payload: 1, idempotencyKey: "k" })).toEqual({ ...first, duplicate: true });
  expect(await client.signal("/thing/one", "interrupt", "enough")).toMatchObject({ url: "/thing/one" });
  expect((await client.setTag("/thing/one", "size", "large")).tags).toMatchObject({ size: "large" });
  expect((await client.removeTag("/thing/one", "size")).tags).toEqual({ colour: "red" });
  const later = await client.send("/thing/two", { payload: 1, afterMs: 3_600_000 });
  expect(await client.editMessage("/thing/two", later.key, { afterMs: 7_200_000 })).toMatchObject({ key: later.key });
  await client.removeMessage("/thing/two", later.key);
  expect(await client.redispatch("/thing/two", { runner: "elsewhere", whenGone: "wait" })).toMatchObject({
    dispatch: { runner: "elsewhere" },
  });
  expect(await client.kill("/thing/two")).toMatchObject({ status: "killed" });
  await expect(client.send("/thing/two", { payload: 1 })).rejects.toMatchObject({ code: "entity_ended" });

  expect(await client.listSessions()).toMatchObject({ sessions: [] });
  await expect(client.getSession("nothing")).rejects.toMatchObject({ code: "session_not_found" });
  expect(await client.listRunners()).toMatchObject([{ id: "test-runner", online: true, types: ["thing"] }]);
});
