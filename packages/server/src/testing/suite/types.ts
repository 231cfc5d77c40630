import { entityType } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, read } from "../caller.ts";
import type { Fixture } from "../fixture.ts";

const STRING = { type: "string" };

/** Amending entity types. */
export function typeRules(on: () => Fixture): void {
  const path = "/_skein/entity-types/hello";

  test("[EN20] an amendment adds schemas and raises the revision, and entities that are there take what was added", async () => {
    const { call, runner, spawn, send } = on();
    await runner("r", [{ name: "hello", description: "first", inboxSchemas: { a: STRING } }]);
    await spawn("/hello/x");
    expect(failure(await call("POST", "/hello/x/send", { type: "b", payload: "hi" })).code).toBe(
      "unknown_message_type",
    );
    const amended = read(
      entityType,
      await call("PATCH", path, { description: "second", inboxSchemas: { b: STRING }, stateSchemas: { s: STRING } }),
    );
    expect(amended).toMatchObject({
      name: "hello",
      description: "second",
      revision: 2,
      inboxSchemas: { a: STRING, b: STRING },
      stateSchemas: { s: STRING },
    });
    expect(read(entityType, await call("GET", path))).toEqual(amended);
    await send("/hello/x", { type: "b", payload: "hi" });
    expect(failure(await call("POST", "/hello/x/send", { type: "b", payload: 1 })).code).toBe(
      "schema_validation_failed",
    );
    // A runner of an older build that starts again takes nothing away.
    await runner("r", [{ name: "hello", description: "second", inboxSchemas: { a: STRING } }]);
    expect(read(entityType, await call("GET", path))).toEqual(amended);
  });

  test("[EN20] an amendment that says what is there already changes nothing, and concurrent ones all hold", async () => {
    const { call, runner, dump } = on();
    await runner("r", [{ name: "hello", description: "x", inboxSchemas: { a: STRING } }]);
    const before = await dump();
    expect(read(entityType, await call("PATCH", path, { inboxSchemas: { a: STRING } })).revision).toBe(1);
    expect(read(entityType, await call("PATCH", path, {})).revision).toBe(1);
    expect(await dump()).toEqual(before);
    const names = ["b", "c", "d", "e"];
    await Promise.all(names.map((name) => call("PATCH", path, { inboxSchemas: { [name]: STRING } })));
    const after = read(entityType, await call("GET", path));
    expect(Object.keys(after.inboxSchemas ?? {}).sort()).toEqual(["a", ...names]);
    expect(after.revision).toBe(5);
  });

  test("[EN21] what is not additive is refused and says why, and nothing changes", async () => {
    const { call, runner, dump } = on();
    await runner("r", [{ name: "hello", description: "x", inboxSchemas: { a: STRING }, stateSchemas: { s: STRING } }]);
    const before = await dump();
    const refusal = async (body: object) => failure(await call("PATCH", path, body));
    const other = await refusal({ inboxSchemas: { a: { type: "number" }, b: STRING } });
    expect(other).toMatchObject({ status: 409, code: "schema_key_exists" });
    expect(other.message).toContain("message schema a");
    expect(await refusal({ stateSchemas: { s: {} } })).toMatchObject({ status: 409, code: "schema_key_exists" });
    for (const body of [{ creationSchema: {} }, { name: "other" }, { admission: true }, { description: "" }]) {
      expect(await refusal(body)).toMatchObject({ status: 400, code: "invalid_request" });
    }
    expect(await refusal({ inboxSchemas: { b: { type: "nonsense" } } })).toMatchObject({ status: 400 });
    expect(await dump()).toEqual(before);
  });

  test("[EN21] a type that is not there, or not any more, cannot be amended", async () => {
    const { call, runner } = on();
    const none = () => call("PATCH", path, { inboxSchemas: { a: STRING } });
    expect(failure(await none())).toMatchObject({ status: 404, code: "unknown_entity_type" });
    await runner("r", ["hello"]);
    expect((await call("DELETE", path)).status).toBe(204);
    expect(failure(await none())).toMatchObject({ status: 404, code: "unknown_entity_type" });
  });
}
