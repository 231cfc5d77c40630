import { ENTITY_EVENTS, entityPage } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, read } from "../caller.ts";
import type { Fixture } from "../fixture.ts";

const TYPED = {
  name: "typed",
  description: "Takes what its schemas allow",
  creationSchema: { type: "object", properties: { size: { type: "integer" } }, required: ["size"] },
  inboxSchemas: { prompt: { type: "object", properties: { text: { type: "string" } }, required: ["text"] } },
};

export function entityRules(on: () => Fixture): void {
  typeRules(on);
  spawnRules(on);
  sendRules(on);
  listRules(on);
}

function typeRules(on: () => Fixture): void {
  test("[EN1] registering as it stands changes nothing; a change raises the revision and keeps other schemas", async () => {
    const { call } = on();
    const first = await call("POST", "/_skein/entity-types", TYPED);
    expect(first).toMatchObject({ status: 201, body: { name: "typed", revision: 1 } });
    expect((await call("POST", "/_skein/entity-types", TYPED)).body).toEqual(first.body);
    const more = { ...TYPED, inboxSchemas: { answer: { type: "object" } } };
    const second = await call("POST", "/_skein/entity-types", more);
    expect(second.body).toMatchObject({
      revision: 2,
      inboxSchemas: { ...TYPED.inboxSchemas, answer: { type: "object" } },
    });
    expect((await call("GET", "/_skein/entity-types")).body).toEqual({ entityTypes: [second.body] });
    expect((await call("GET", "/_skein/entity-types/typed")).body).toEqual(second.body);
  });

  test("[EN2] a type with a bad name, no description or an unusable schema is refused", async () => {
    const { call, dump } = on();
    const before = await dump();
    const codes = await Promise.all(
      [
        { name: "_mine", description: "x" },
        { name: "Mine", description: "x" },
        { name: "assets", description: "x" },
        { name: "mine" },
        { name: "mine", description: "x", creationSchema: { type: "no such type" } },
        { name: "mine", description: "x", creationSchema: { $ref: "https://example.com/remote.json" } },
      ].map(async (body) => failure(await call("POST", "/_skein/entity-types", body)).code),
    );
    expect(codes).toEqual([
      "invalid_request",
      "invalid_request",
      "reserved_name",
      "invalid_request",
      "invalid_request",
      "invalid_request",
    ]);
    expect(await dump()).toEqual(before);
  });

  test("[EN3] a deleted type spawns no more, and its entities live on", async () => {
    const { call, spawn, send } = on();
    await call("POST", "/_skein/entity-types", TYPED);
    await spawn("/typed/a", { args: { size: 1 } });
    expect((await call("DELETE", "/_skein/entity-types/typed")).status).toBe(204);
    expect(failure(await call("DELETE", "/_skein/entity-types/typed"))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect(failure(await call("PUT", "/typed/b", { args: { size: 1 } })).code).toBe("unknown_entity_type");
    expect((await call("GET", "/typed/a")).status).toBe(200);
    await send("/typed/a", { payload: "untyped" });
    expect(failure(await call("POST", "/typed/a/send", { type: "prompt", payload: {} })).code).toBe(
      "unknown_entity_type",
    );
    expect((await call("DELETE", "/typed/a")).body).toMatchObject({ status: "killed" });
  });
}

function spawnRules(on: () => Fixture): void {
  test("[EN4] a spawn makes record, stream and wake together", async () => {
    const { runner, call, events, claim } = on();
    await runner("r", ["hello"]);
    const body = { args: { x: 1 }, tags: { team: "a" }, initialMessage: { payload: { text: "hi" } } };
    const made = await call("PUT", "/hello/one", body);
    expect(made).toMatchObject({
      status: 201,
      body: { url: "/hello/one", status: "idle", args: { x: 1 }, tags: { team: "a" }, createdBy: "user:test" },
    });
    expect(await events("/hello/one/main")).toMatchObject([
      { type: ENTITY_EVENTS.created, key: "created", value: { args: { x: 1 } }, headers: { principal: "user:test" } },
      { type: ENTITY_EVENTS.tag, key: "team", value: { key: "team", value: "a" } },
      { type: ENTITY_EVENTS.inbox, value: { payload: { text: "hi" }, from: "user:test" } },
    ]);
    expect((await claim("r")).entity.url).toBe("/hello/one");
  });

  test("[EN5] the same spawn again answers what is there; another one does not replace it", async () => {
    const { runner, call, dump } = on();
    await runner("r", ["hello"]);
    const first = await call("PUT", "/hello/one", { args: { a: 1, b: [2] }, initialMessage: { payload: 1 } });
    const before = await dump();
    const again = await call("PUT", "/hello/one", { args: { b: [2], a: 1 }, initialMessage: { payload: 1 } });
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(failure(await call("PUT", "/hello/one", { args: { a: 2 } }))).toMatchObject({
      status: 409,
      code: "entity_exists",
    });
    expect(await dump()).toEqual(before);
    await call("DELETE", "/hello/one");
    expect(failure(await call("PUT", "/hello/one", { args: { a: 1, b: [2] } })).code).toBe("entity_exists");
    expect((await call("PUT", "/hello/bare")).status).toBe(201);
    expect((await call("PUT", "/hello/bare", {})).status).toBe(200);
  });

  test("[EN6] a spawn that is wrong in any way is refused with its own code, and nothing is made", async () => {
    const { call, dump } = on();
    await call("POST", "/_skein/entity-types", TYPED);
    const before = await dump();
    const args = { size: 1 };
    const wrong: [string, unknown, string][] = [
      ["/unknown/a", {}, "unknown_entity_type"],
      ["/typed/a%20b", { args }, "invalid_request"],
      [`/typed/${"x".repeat(129)}`, { args }, "invalid_request"],
      ["/Typed/a", { args }, "invalid_request"],
      ["/typed/a", { args: { size: "one" } }, "schema_validation_failed"],
      ["/typed/a", {}, "schema_validation_failed"],
      ["/typed/a", { args, parent: "/typed/none" }, "not_found"],
      ["/typed/a", { args, tags: { n: 1 } }, "invalid_request"],
      ["/typed/a", { args, initialMessage: { type: "prompt", payload: {} } }, "schema_validation_failed"],
      ["/typed/a", { args, initialMessage: { type: "other", payload: {} } }, "unknown_message_type"],
      ["/typed/a", { args, wake: { subscriber: "/typed/none", on: "runFinished" } }, "not_found"],
      ["/assets/a", {}, "reserved_name"],
    ];
    for (const [path, body, code] of wrong) {
      const answer = failure(await call("PUT", path, body));
      expect([path, answer.code, answer.message.length > 10]).toEqual([path, code, true]);
    }
    expect(await dump()).toEqual(before);
  });

  test("[EN7] the runner is asked before an entity is made, and its refusal is the answer", async () => {
    const { runner, call, poll, dump, server, advance } = on();
    await runner("r", [{ name: "coder", description: "x", admission: true }]);
    const before = await dump();
    const asked = call("PUT", "/coder/a", { args: { cwd: "/nowhere" } });
    const question = await poll("r", { waitMs: 10_000 });
    expect(question.body).toMatchObject({
      kind: "call",
      method: "admit",
      params: { type: "coder", id: "a", args: { cwd: "/nowhere" } },
    });
    const { callId } = question.body as { callId: string };
    const error = { code: "directory_not_found", message: "There is no folder /nowhere." };
    expect((await call("POST", `/_skein/runners/r/calls/${callId}`, { error })).status).toBe(204);
    expect(failure(await asked)).toEqual({ status: 422, ...error });
    expect(await dump()).toEqual(before);

    const second = call("PUT", "/coder/a", { args: { cwd: "/there" } });
    const { callId: next } = (await poll("r", { waitMs: 10_000 })).body as { callId: string };
    await call("POST", `/_skein/runners/r/calls/${next}`, { result: null });
    expect((await second).status).toBe(201);
    advance(10 * 60_000);
    expect(failure(await call("PUT", "/coder/b", {}))).toMatchObject({ status: 503, code: "runner_unavailable" });
    expect(server.url).toBeTruthy();
  });
}

function sendRules(on: () => Fixture): void {
  test("[EN8] a send appends the message, stamped with its sender, and makes the entity ready", async () => {
    const { runner, spawn, send, claim, finish, poll, events, tail } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await finish(await claim("r"));
    expect((await poll("r")).status).toBe(204);
    const sent = await send("/hello/a", { payload: { from: "user:somebody-else" }, idempotencyKey: "k" });
    expect(sent).toMatchObject({ duplicate: false, offset: await tail("/hello/a/main") });
    expect((await events("/hello/a/main")).at(-1)).toMatchObject({
      type: "inbox",
      key: sent.key,
      value: { from: "user:test", idempotencyKey: "k" },
      headers: { principal: "user:test" },
    });
    expect((await claim("r")).entity.url).toBe("/hello/a");
  });

  test("[EN9] a message with a key that was seen before is not queued again", async () => {
    const { runner, spawn, send, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await spawn("/hello/b");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send("/hello/a", { payload: 1, idempotencyKey: "once" })),
    );
    await send("/hello/a", { payload: 2 });
    answers.push(await send("/hello/a", { payload: 1, idempotencyKey: "once" }));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ key, offset }) => `${key} ${offset}`)).size).toBe(1);
    expect((await events("/hello/a/main")).filter(({ type }) => type === "inbox")).toHaveLength(2);
    expect((await send("/hello/b", { payload: 1, idempotencyKey: "once" })).duplicate).toBe(false);
  });

  test("[EN10] a typed message must be known and fit; an untyped one is not checked", async () => {
    const { call, spawn, send, events } = on();
    await call("POST", "/_skein/entity-types", TYPED);
    await spawn("/typed/a", { args: { size: 1 } });
    await send("/typed/a", { type: "prompt", payload: { text: "hi" } });
    await send("/typed/a", { payload: 42 });
    const before = await events("/typed/a/main");
    const unknown = failure(await call("POST", "/typed/a/send", { type: "toString", payload: {} }));
    expect(unknown).toMatchObject({ status: 422, code: "unknown_message_type" });
    const unfit = failure(await call("POST", "/typed/a/send", { type: "prompt", payload: { text: 1 } }));
    expect(unfit).toMatchObject({ status: 422, code: "schema_validation_failed" });
    expect(unfit.message).toContain("text");
    expect(await events("/typed/a/main")).toEqual(before);
  });

  test("[EN11] a message over the limit is refused and not queued", async () => {
    const { runner, call, spawn, dump } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const before = await dump();
    const answer = failure(await call("POST", "/hello/a/send", { payload: "x".repeat(513 * 1024) }));
    expect(answer).toMatchObject({ status: 413, code: "too_large" });
    expect(answer.message).toContain("524288");
    expect(await dump()).toEqual(before);
  });

  test("[EN12] there is no sending to what is not there, or not any more", async () => {
    const { runner, call, spawn } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await call("DELETE", "/hello/a");
    expect(failure(await call("POST", "/hello/none/send", { payload: 1 }))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect(failure(await call("POST", "/hello/a/send", { payload: 1 }))).toMatchObject({
      status: 409,
      code: "entity_ended",
    });
  });

  test("[EN13] many senders at once are all taken, and the entity is ready once", async () => {
    const { runner, spawn, send, claim, finish, poll, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await finish(await claim("r"));
    const sent = await Promise.all(Array.from({ length: 60 }, (_, n) => send("/hello/a", { payload: n })));
    const inbox = (await events("/hello/a/main")).filter(({ type }) => type === "inbox");
    expect(inbox).toHaveLength(60);
    const byOffset = [...sent].sort((a, b) => (a.offset < b.offset ? -1 : 1)).map(({ key }) => key);
    expect(inbox.map(({ key }) => key)).toEqual(byOffset);
    const held = await claim("r");
    expect((await poll("r")).status).toBe(204);
    expect((await finish(held)).more).toBe(false);
  });
}

function listRules(on: () => Fixture): void {
  test("[EN14] tags are merged, each change is an event, and a killed entity takes none", async () => {
    const { runner, spawn, call, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { tags: { keep: "1" } });
    await Promise.all(["a", "b", "c", "d"].map((key) => call("POST", `/hello/a/tags/${key}`, { value: key })));
    await call("DELETE", "/hello/a/tags/b");
    expect((await call("GET", "/hello/a")).body).toMatchObject({ tags: { keep: "1", a: "a", c: "c", d: "d" } });
    const changes = (await events("/hello/a/main")).filter(({ type }) => type === "tag");
    expect(changes).toHaveLength(6);
    expect(changes.at(-1)).toMatchObject({ key: "b", headers: { operation: "delete" } });
    expect(failure(await call("POST", "/hello/a/tags/x", { value: 1 })).code).toBe("invalid_request");
    expect(failure(await call("POST", `/hello/a/tags/${"x".repeat(129)}`, { value: "1" })).code).toBe(
      "invalid_request",
    );
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`t${n}`, "1"]));
    expect(failure(await call("PUT", "/hello/many", { tags: many })).code).toBe("too_large");
    await call("DELETE", "/hello/a");
    expect(failure(await call("POST", "/hello/a/tags/x", { value: "1" })).code).toBe("entity_ended");
  });

  test("[EN15] entities are listed with filters and in pages", async () => {
    const { runner, spawn, call, advance } = on();
    await runner("r", ["hello", "other"]);
    for (let n = 0; n < 7; n += 1) {
      advance(1);
      await spawn(`/hello/h${n}`, n % 2 ? { tags: { odd: "yes" }, parent: "/hello/h0" } : {});
    }
    await spawn("/other/o");
    await call("DELETE", "/hello/h1");
    const list = async (query: string): Promise<string[]> =>
      read(entityPage, await call("GET", `/_skein/entities?${query}`)).entities.map(({ id }) => id);
    expect(await list("type=other")).toEqual(["o"]);
    expect(await list("tag=odd=yes")).toEqual(["h1", "h3", "h5"]);
    expect(await list("tag=odd=yes&status=idle")).toEqual(["h3", "h5"]);
    expect(await list("parent=/hello/h0&status=killed")).toEqual(["h1"]);
    expect(await list("type=hello&status=killed")).toEqual(["h1"]);
    const seen: string[] = [];
    let after = "";
    do {
      const page = read(entityPage, await call("GET", `/_skein/entities?limit=3${after}`));
      seen.push(...page.entities.map(({ id }) => id));
      after = page.next === undefined ? "" : `&after=${encodeURIComponent(page.next)}`;
    } while (after);
    expect(seen).toEqual(["h0", "h1", "h2", "h3", "h4", "h5", "h6", "o"]);
    for (const bad of ["typ=hello", "status=asleep", "tag=odd", "limit=0", "limit=many"]) {
      expect([bad, failure(await call("GET", `/_skein/entities?${bad}`)).code]).toEqual([bad, "invalid_request"]);
    }
  });

  test("[EN16] the directory tells every change that the list did not have", async () => {
    const { runner, spawn, call } = on();
    await runner("r", ["hello"]);
    expect(
      (await call("GET", `/_skein/directory?offset=${read(entityPage, await call("GET", "/_skein/entities")).offset}`))
        .body,
    ).toEqual([]);
    await spawn("/hello/a");
    const { offset } = read(entityPage, await call("GET", "/_skein/entities"));
    await call("POST", "/hello/a/tags/t", { value: "1" });
    await spawn("/hello/b");
    await call("DELETE", "/hello/a");
    const tail = await call("GET", `/_skein/directory?offset=${offset}`);
    expect(tail.body).toMatchObject([
      { type: "entity", key: "/hello/a", value: { tags: { t: "1" } }, headers: { operation: "upsert" } },
      { type: "entity", key: "/hello/b", value: { status: "idle" } },
      { type: "entity", key: "/hello/a", value: { status: "killed" } },
    ]);
  });
}
