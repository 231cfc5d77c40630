import { expect, test } from "vitest";
import { row } from "../testing/fixture.ts";
import { createDraft } from "./draft.ts";
import { createSnapshot } from "./snapshot.ts";

function draftOver(): ReturnType<typeof createDraft> {
  const snapshot = createSnapshot();
  snapshot.set("receipts", "new", undefined);
  snapshot.set("receipts", "old", { id: "old", version: 3, value: { key: "k", near: 1 } });
  return createDraft(snapshot);
}

test("several changes of one record are one operation against what was read", () => {
  const draft = draftOver();
  draft.check("receipts", "old");
  draft.write("receipts", "old", { key: "k", near: 2 });
  expect(draft.read("receipts", "old")).toEqual({ key: "k", near: 2 });
  draft.write("receipts", "old", { key: "k", near: 3 });
  draft.check("receipts", "old");
  draft.write("receipts", "new", { key: "n", near: 0 });
  expect(draft.build().operations).toEqual([
    { kind: "put-record", collection: "receipts", id: "old", value: { key: "k", near: 3 }, expectedVersion: 3 },
    { kind: "put-record", collection: "receipts", id: "new", value: { key: "n", near: 0 }, expectedVersion: 0 },
  ]);
  draft.remove("receipts", "old");
  draft.remove("receipts", "new");
  expect(draft.read("receipts", "old")).toBeUndefined();
  expect(draft.build().operations.map(({ kind }) => kind)).toEqual(["delete-record", "check-record"]);
});

test("a stream gets one append, behind its creation, with the fence first", () => {
  const draft = draftOver();
  const producer = { id: "claim", epoch: 1, seq: 2 };
  draft.fence("/a/main", { producer });
  draft.createStream("/b/main", { ifExists: "fail" });
  draft.append("/b/main", [row("x", "1", {})]);
  draft.append("/a/main", [row("x", "1", {}), row("x", "2", {})]);
  draft.append("/a/main", [row("x", "3", {})]);
  draft.announce(row("entity", "/a", {}));
  const commit = draft.build();
  const { operations } = commit;
  const shape = operations.map((operation) =>
    "path" in operation ? `${operation.kind} ${operation.path}` : operation.kind,
  );
  expect(shape).toEqual([
    "append /a/main",
    "create-stream /b/main",
    "append /b/main",
    "create-stream /_skein/directory",
    "append /_skein/directory",
  ]);
  expect(operations[0]).toMatchObject({ producer, messages: { length: 3 } });
  expect(() => commit.appended("/c/main", [])).toThrow(/appends nothing/);
});

test("what was not loaded cannot be planned on", () => {
  expect(() => draftOver().read("receipts", "other")).toThrow(/not loaded/);
  expect(() => draftOver().write("entities", "/a/b", Object.create(null))).toThrow(/not loaded/);
});
