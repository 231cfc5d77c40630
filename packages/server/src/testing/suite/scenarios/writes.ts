import type { ChangeEvent, Claim } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, type Answer } from "../../caller.ts";
import { row, type Fixture } from "../../fixture.ts";

const URL = "/agent/entity-1";
const MAIN = `${URL}/main`;

/** What an entity writes itself, under its claim, and its tags. */
export function writeScenarios(on: () => Fixture): void {
  const claimed = async (stateSchemas?: Record<string, unknown>): Promise<Claim> => {
    const { runner, spawn, claim } = on();
    await runner("r", [{ name: "agent", description: "Agent", ...(stateSchemas && { stateSchemas }) }]);
    await spawn(URL);
    return claim("r");
  };
  const write = (held: Claim, ...events: ChangeEvent[]): Promise<Answer> =>
    on().commit(held, { seq: 1, writes: [{ stream: MAIN, events }] });
  const written = async (type: string): Promise<ChangeEvent[]> =>
    (await on().events(MAIN)).filter((event) => event.type === type);
  const tag = (key: string, value: unknown): Promise<Answer> => on().call("POST", `${URL}/tags/${key}`, { value });
  const tags = async (): Promise<unknown> => (await on().call("GET", URL)).body;
  const spawned = async (): Promise<void> => {
    await on().runner("r", ["agent"]);
    await on().spawn(URL);
  };

  test("[SC7] write appends event to entity stream", async () => {
    const held = await claimed({ research_result: { type: "object" } });
    expect((await write(held, row("research_result", "1", { findings: ["test"] }))).status).toBe(200);
    expect(await written("research_result")).toMatchObject([{ key: "1", value: { findings: ["test"] } }]);
  });

  test("[SC7] write validates output_schemas (C12)", async () => {
    const value = { type: "object", properties: { value: { type: "number" } }, required: ["value"] };
    const held = await claimed({ result: value });
    const answer = await write(held, row("result", "1", { wrong: "type" }));
    expect(failure(answer)).toMatchObject({ status: 422, code: "schema_validation_failed" });
    expect(await written("result")).toEqual([]);
  });

  test("[SC7] write rejects unknown event type (C14)", async () => {
    const held = await claimed({ result: { type: "object" } });
    const answer = await write(held, row("unknown_event", "1", { data: "test" }));
    expect(failure(answer)).toMatchObject({ status: 422, code: "unknown_event_type" });
  });

  test("[SC7] write without type when no output_schemas accepts any", async () => {
    const held = await claimed();
    expect((await write(held, row("whatever", "1", { anything: "goes" }))).status).toBe(200);
  });

  test("[SC7] write to stopped entity rejected", async () => {
    const held = await claimed();
    await on().call("DELETE", URL);
    expect(failure(await write(held, row("test", "1", {})))).toMatchObject({ status: 409, code: "fenced" });
    expect(await written("test")).toEqual([]);
  });

  test("[SC7] write accepts State Protocol format (type/key/value/headers)", async () => {
    const held = await claimed();
    await write(held, row("text", "msg-1", { status: "streaming" }, "insert"));
    expect(await written("text")).toMatchObject([
      { type: "text", key: "msg-1", value: { status: "streaming" }, headers: { operation: "insert" } },
    ]);
  });

  test("[SC7] State Protocol events materialize with correct structure", async () => {
    const held = await claimed();
    const run = { key: "1-0", status: "started", startedAt: 1 };
    await write(
      held,
      row("run", "1-0", run, "insert"),
      row("run_text", "1-0:0", { runId: "1-0", text: "Hello " }, "insert"),
      row("run_text", "1-0:1", { runId: "1-0", text: "world" }, "insert"),
      row("run", "1-0", { ...run, status: "completed", finishReason: "stop", endedAt: 2 }, "update"),
    );
    expect((await written("run")).map(({ headers }) => headers.operation)).toEqual(["insert", "update"]);
    expect((await written("run_text")).map(({ key }) => key)).toEqual(["1-0:0", "1-0:1"]);
    expect((await written("run")).at(-1)).toMatchObject({ value: { status: "completed", finishReason: "stop" } });
  });

  test("[SC7] insert creates new entries, update modifies existing entries by key", async () => {
    const held = await claimed();
    const streaming = { status: "streaming" };
    await write(
      held,
      row("text", "msg-0", streaming, "insert"),
      row("text", "msg-0", { status: "completed" }, "update"),
      row("text", "msg-1", streaming, "insert"),
    );
    const rows = new Map((await written("text")).map(({ key, value }) => [key, value]));
    expect([...rows]).toEqual([
      ["msg-0", { status: "completed" }],
      ["msg-1", streaming],
    ]);
  });

  test("[SC8] update tags", async () => {
    await spawned();
    expect((await tag("owner", "test-user")).status).toBe(200);
    expect((await tag("priority", "high")).status).toBe(200);
    expect(await tags()).toMatchObject({ tags: { owner: "test-user", priority: "high" } });
  });

  test("[SC8] tag write rejects non-string values", async () => {
    await spawned();
    expect(failure(await tag("owner", 123))).toMatchObject({ status: 400, code: "invalid_request" });
  });

  test("[SC8] tag delete removes a key", async () => {
    await spawned();
    await tag("owner", "test-user");
    await tag("priority", "high");
    expect((await on().call("DELETE", `${URL}/tags/priority`)).status).toBe(200);
    expect(await on().call("GET", URL)).toMatchObject({ body: { tags: { owner: "test-user" } } });
    expect(await tags()).not.toHaveProperty("tags.priority");
  });

  test("[SC8] tag writes merge by key", async () => {
    await spawned();
    for (const [key, value] of [
      ["key1", "value1"],
      ["key2", "value2"],
      ["key2", "updated"],
      ["key3", "value3"],
    ] as const) {
      await tag(key, value);
    }
    expect(await tags()).toHaveProperty("tags", { key1: "value1", key2: "updated", key3: "value3" });
  });

  test("[SC8] tag update on stopped entity", async () => {
    await spawned();
    await on().call("DELETE", URL);
    expect(failure(await tag("key", "value"))).toMatchObject({ status: 409, code: "entity_ended" });
  });

  test("[SC8] sequential tag updates accumulate", async () => {
    await spawned();
    await tag("key1", "value1");
    await tag("key2", "value2");
    expect(await tags()).toHaveProperty("tags", { key1: "value1", key2: "value2" });
  });
}
