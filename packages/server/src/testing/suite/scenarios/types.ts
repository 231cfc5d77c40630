import { expect, test } from "vitest";
import { z } from "zod";
import { failure, read } from "../../caller.ts";
import type { Fixture } from "../../fixture.ts";

const TYPES = "/_skein/entity-types";
const text = (field: string) => ({ type: "object", properties: { [field]: { type: "string" } }, required: [field] });

export function typeScenarios(on: () => Fixture): void {
  const define = (name: string, more: Record<string, unknown> = {}) =>
    on().call("POST", TYPES, { name, description: `The type ${name}`, ...more });
  const names = async (): Promise<string[]> =>
    read(
      z.object({ entityTypes: z.array(z.object({ name: z.string() })) }),
      await on().call("GET", TYPES),
    ).entityTypes.map(({ name }) => name);

  test("[SC6] register entity type", async () => {
    const schemas = {
      creationSchema: text("name"),
      inboxSchemas: { query: text("text") },
      stateSchemas: { result: text("answer") },
    };
    expect(await define("full", schemas)).toMatchObject({
      status: 201,
      body: { name: "full", revision: 1, ...schemas },
    });
  });

  test("[SC6] list entity types", async () => {
    await define("list-a");
    await define("list-b");
    expect(await names()).toEqual(expect.arrayContaining(["list-a", "list-b"]));
  });

  test("[SC6] inspect entity type", async () => {
    await define("inspected", { creationSchema: text("x"), inboxSchemas: { ping: text("msg") } });
    const { status, body } = await on().call("GET", `${TYPES}/inspected`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: "inspected", creationSchema: text("x"), inboxSchemas: { ping: text("msg") } });
  });

  test("[SC6] delete entity type", async () => {
    await define("deleted");
    expect((await on().call("DELETE", `${TYPES}/deleted`)).status).toBe(204);
    expect((await on().call("GET", `${TYPES}/deleted`)).status).toBe(404);
    expect(await names()).not.toContain("deleted");
  });

  test("[SC6] register upserts duplicate name", async () => {
    await define("dup");
    const again = await on().call("POST", TYPES, { name: "dup", description: "Duplicate registration" });
    expect(again).toMatchObject({ status: 201, body: { description: "Duplicate registration", revision: 2 } });
  });

  test("[SC6] register rejects missing required fields", async () => {
    for (const body of [{}, { name: "x" }, { description: "x" }]) {
      expect(failure(await on().call("POST", TYPES, body))).toMatchObject({ status: 400, code: "invalid_request" });
    }
  });

  test("[SC6] register entity type without creation_schema", async () => {
    await define("minimal");
    expect((await on().call("GET", `${TYPES}/minimal`)).body).toMatchObject({ description: "The type minimal" });
    expect((await on().call("PUT", "/minimal/a", { args: { anything: [1] } })).status).toBe(201);
  });

  test("[SC6] delete nonexistent entity type returns 404", async () => {
    const answer = await on().call("DELETE", `${TYPES}/nonexistent-type-xyz`);
    expect(failure(answer)).toMatchObject({ status: 404, code: "not_found" });
  });

  // There is no stream of types here: what is proved is what the original's test looks at.
  test("[SC6] delete entity type goes through state stream", async () => {
    await define("del-state");
    await on().call("DELETE", `${TYPES}/del-state`);
    expect((await on().call("GET", `${TYPES}/del-state`)).status).toBe(404);
    expect(failure(await on().call("PUT", "/del-state/a", {})).code).toBe("unknown_entity_type");
  });

  const amend = (name: string, body: object) => on().call("PATCH", `${TYPES}/${name}`, body);
  const sent = (url: string, type: string, payload: object) => on().call("POST", `${url}/send`, { type, payload });

  test("[SC11] amend schemas adds new message types", async () => {
    await define("amended", { inboxSchemas: { query: text("text") } });
    expect((await amend("amended", { inboxSchemas: { command: text("action") } })).status).toBe(200);
    await on().spawn("/amended/entity-1");
    expect((await sent("/amended/entity-1", "command", { action: "do-it" })).status).toBe(200);
    expect((await sent("/amended/entity-1", "query", { text: "still" })).status).toBe(200);
    expect(failure(await sent("/amended/entity-1", "command", {})).status).toBe(422);
  });

  test("[SC11] amend schemas rejects modifying existing keys (C16)", async () => {
    await define("fixed", { inboxSchemas: { query: text("text") } });
    const before = await on().call("GET", `${TYPES}/fixed`);
    const answer = await amend("fixed", { inboxSchemas: { query: text("other"), more: text("more") } });
    expect(failure(answer)).toMatchObject({ status: 409, code: "schema_key_exists" });
    expect((await on().call("GET", `${TYPES}/fixed`)).body).toEqual(before.body);
  });

  test("[SC11] schema amendments apply to existing entities", async () => {
    await define("pinned", { inboxSchemas: { query: text("text") } });
    await on().spawn("/pinned/entity-1");
    expect(failure(await sent("/pinned/entity-1", "new_command", { action: "test" })).status).toBe(422);
    expect((await amend("pinned", { inboxSchemas: { new_command: text("action") } })).status).toBe(200);
    expect((await sent("/pinned/entity-1", "new_command", { action: "test" })).status).toBe(200);
  });

  test("[SC11] existing entities accept schemas added across multiple amendments", async () => {
    await define("grown", { inboxSchemas: { greet: text("name") } });
    await on().spawn("/grown/entity-1");
    expect((await amend("grown", { inboxSchemas: { farewell: text("reason") } })).body).toMatchObject({ revision: 2 });
    expect((await amend("grown", { inboxSchemas: { status: { type: "object" } } })).body).toMatchObject({
      revision: 3,
    });
    expect((await sent("/grown/entity-1", "farewell", { reason: "bye" })).status).toBe(200);
    expect((await sent("/grown/entity-1", "status", { active: true })).status).toBe(200);
  });

  test("[SC11] amend schemas on deleted type returns 404", async () => {
    await define("gone");
    await on().call("DELETE", `${TYPES}/gone`);
    const answer = await amend("gone", { inboxSchemas: { msg: { type: "object" } } });
    expect(failure(answer).status).toBe(404);
  });
}
