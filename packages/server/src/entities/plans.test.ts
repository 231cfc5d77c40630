import { expect, test } from "vitest";
import { createDraft } from "../records/draft.ts";
import { memberPaths } from "../observers/paths.ts";
import { countingRules, entityRecord, idleWake, planWorld } from "../testing/plan-world.ts";
import { addKill } from "./plan-kill.ts";
import { addSend } from "./plan-send.ts";
import { addSpawn } from "./plan-spawn.ts";
import { addTagChange } from "./plan-tags.ts";
import { registerType } from "./plan-type.ts";

const stamp = { principal: "user:test", now: 1000 };
const TYPE = { name: "hello", description: "x", admission: false, revision: 1, createdAt: 1, updatedAt: 1 };
const kinds = (draft: ReturnType<typeof createDraft>): string[] =>
  draft
    .build()
    .operations.map((operation) =>
      "path" in operation
        ? `${operation.kind} ${operation.path}`
        : `${operation.kind} ${operation.collection}/${operation.id}`,
    );

test("[EN4] a spawn is planned as one commit that fails if the entity appears meanwhile", () => {
  const world = planWorld();
  world.put("types", "hello", TYPE);
  world.absent("entities", "/hello/a");
  world.absent("wakes", "/hello/a");
  world.absent("observed", ...memberPaths({ type: "hello", tags: { t: "1" } }));
  const draft = createDraft(world);
  const order = { type: "hello", id: "a", tags: { t: "1" }, initialMessage: { payload: 1 } };
  expect(addSpawn(draft, order, countingRules(), stamp)).toMatchObject({
    kind: "created",
    entity: { url: "/hello/a" },
  });
  expect(kinds(draft)).toEqual([
    "create-stream /hello/a/main",
    "append /hello/a/main",
    "check-record types/hello",
    "put-record wakes//hello/a",
    "put-record entities//hello/a",
    ...memberPaths({ type: "hello", tags: { t: "1" } }).map((path) => `check-record observed/${path}`),
    "create-stream /_skein/directory",
    "append /_skein/directory",
  ]);
  expect(draft.build().operations[0]).toMatchObject({ ifExists: "fail" });
  expect(draft.events("/hello/a/main").map(({ type }) => type)).toEqual(["entity_created", "tag", "inbox"]);
});

test("[EN6] a refused spawn plans nothing", () => {
  const world = planWorld();
  world.put("types", "hello", TYPE);
  world.absent("entities", "/hello/a", "/hello/bad id", "/hello/parent");
  const draft = createDraft(world);
  const rules = { ...countingRules(), check: () => "is wrong" };
  const typed = { ...TYPE, creationSchema: {} };
  for (const order of [
    { type: "hello", id: "bad id" },
    { type: "hello", id: "a", parent: "/hello/parent" },
  ]) {
    expect(addSpawn(draft, order, rules, stamp)).toMatchObject({ kind: "refused" });
  }
  world.put("types", "hello", typed);
  expect(addSpawn(draft, { type: "hello", id: "a" }, rules, stamp)).toMatchObject({
    kind: "refused",
    error: { code: "schema_validation_failed" },
  });
  expect(draft.build().operations).toEqual([]);
});

test("[EN8] two messages of one commit are one append and one look at the wake", () => {
  const world = planWorld();
  world.put("entities", "/hello/a", entityRecord("/hello/a"));
  world.put("wakes", "/hello/a", idleWake("/hello/a"));
  world.put("types", "hello", TYPE);
  const draft = createDraft(world);
  const rules = countingRules();
  const request = { to: "/hello/a", message: { payload: 1 }, near: 0 };
  expect(addSend(draft, request, rules, stamp)).toEqual({ kind: "queued", key: "id1" });
  expect(addSend(draft, request, rules, stamp)).toEqual({ kind: "queued", key: "id2" });
  expect(kinds(draft)).toEqual(["append /hello/a/main", "put-record wakes//hello/a"]);
});

test("[EN14] a tag change that changes nothing plans nothing", () => {
  const world = planWorld();
  const entity = entityRecord("/hello/a", { tags: { a: "1" } });
  world.put("entities", "/hello/a", entity);
  world.absent("observed", ...memberPaths({ type: "hello", tags: { a: "1", b: "2" } }));
  const draft = createDraft(world);
  expect(addTagChange(draft, entity, { set: { a: "1" }, remove: ["none", "toString"] }, stamp)).toBe(entity);
  expect(draft.build().operations).toEqual([]);
  expect(addTagChange(draft, entity, { set: { b: "2" }, remove: ["a"] }, stamp).tags).toEqual({ b: "2" });
});

test("[EN19] a kill closes the stream in the same operation as its last event, and takes the wake away", () => {
  const world = planWorld();
  world.put("entities", "/hello/a", entityRecord("/hello/a"));
  world.put("wakes", "/hello/a", idleWake("/hello/a"));
  world.absent("observed", ...memberPaths({ type: "hello", tags: {} }));
  const draft = createDraft(world);
  const nothing = { openRuns: [], subscribers: [], subscribed: [], sessionOpen: false };
  expect(addKill(draft, entityRecord("/hello/a"), nothing, stamp).status).toBe("killed");
  expect(draft.build().operations[0]).toMatchObject({ kind: "append", close: true });
  expect(kinds(draft)).toContain("delete-record wakes//hello/a");
});

test("[EN1] a type is written only when something of it changed", () => {
  const world = planWorld();
  world.put("types", "hello", { ...TYPE, inboxSchemas: { a: { type: "object", title: "A" } } });
  const draft = createDraft(world);
  const registration = { name: "hello", description: "x", admission: false };
  expect(registerType(draft, registration, 5).revision).toBe(1);
  expect(
    registerType(draft, { ...registration, inboxSchemas: { a: { title: "A", type: "object" } } }, 5).revision,
  ).toBe(1);
  expect(draft.build().operations).toEqual([]);
  expect(registerType(draft, { ...registration, inboxSchemas: { b: {} } }, 5)).toMatchObject({
    revision: 2,
    createdAt: 1,
    updatedAt: 5,
    inboxSchemas: { a: {}, b: {} },
  });
});
