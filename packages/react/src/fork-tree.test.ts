import type { Session } from "@skein/protocol";
import { expect, test } from "vitest";
import { forkTree, type ForkNode } from "./fork-tree.ts";
import { needsOf } from "./use-needs-you.ts";

function session(id: string, more: Partial<Session> = {}): Session {
  return {
    id,
    resource: `/r/${id}`,
    coder: `/coder/${id}`,
    title: id,
    agent: "claude",
    cwd: "/",
    permissionMode: "ask",
    status: "idle",
    statusSince: 0,
    pending: [],
    createdAt: 0,
    lastActivityAt: 0,
    turns: 0,
    ...more,
  };
}

const fork = (id: string, createdAt: number, offset = "1") => ({
  session: id,
  coder: `/coder/${id}`,
  offset,
  createdAt,
});
const from = (id: string) => ({ session: id, coder: `/coder/${id}`, offset: "1" });

const family = new Map([
  ["root", session("root", { forks: [fork("b", 2, "7"), fork("a", 1, "5")], forkCount: 2 })],
  ["a", session("a", { forkedFrom: from("root") })],
  ["b", session("b", { forkedFrom: from("root"), forks: [fork("c", 3)], forkCount: 1 })],
  ["c", session("c", { forkedFrom: from("b") })],
]);

const shape = ({ id, at, forks }: ForkNode): unknown => [id, at, ...forks.map(shape)];

test("[WB35] any session of a family shows the whole tree: up by origins, down by forks, in the order they were made", () => {
  const expected = ["root", undefined, ["a", "5"], ["b", "7", ["c", "1"]]];
  for (const id of family.keys()) {
    const tree = forkTree(id, (one) => family.get(one));
    expect(shape(tree.root)).toEqual(expected);
    expect(tree).toMatchObject({ missing: [], cut: false });
  }
});

test("[WB35] what is not read yet is asked for, and what is gone does not hide the rest", () => {
  expect(forkTree("c", () => undefined)).toMatchObject({ root: { id: "c" }, missing: ["c"] });
  const known = forkTree("c", (id) => (id === "c" ? family.get("c") : undefined));
  expect(known.root.id).toBe("b");
  expect(known.missing).toEqual(["b"]);
  const orphan = forkTree("c", (id) => (id === "root" ? null : family.get(id)));
  expect(shape(orphan.root)).toEqual(["b", undefined, ["c", "1"]]);
  const widow = forkTree("root", (id) => (id === "a" ? null : family.get(id)));
  expect(widow.root.forks[0]).toMatchObject({ id: "a", session: null });
  expect(widow.missing).toEqual([]);
});

test("[WB35] a tree is bounded, says that it is cut, and a circle ends", () => {
  const wide = session("wide", { forks: Array.from({ length: 300 }, (_, n) => fork(`f${n}`, n)), forkCount: 900 });
  const tree = forkTree("wide", (id) => (id === "wide" ? wide : session(id)));
  expect(tree.cut).toBe(true);
  expect(tree.root.forks.length).toBe(199);
  const listed = session("some", { forks: [fork("a", 1)], forkCount: 40 });
  expect(forkTree("some", (id) => (id === "some" ? listed : session(id))).cut).toBe(true);
  const circle = new Map([
    ["x", session("x", { forkedFrom: from("y"), forks: [fork("y", 1)] })],
    ["y", session("y", { forkedFrom: from("x"), forks: [fork("x", 1)] })],
  ]);
  expect(forkTree("x", (id) => circle.get(id)).missing).toEqual([]);
});

test("[WB36] what needs a person: every open request, then every failed turn", () => {
  const request = (requestId: string, kind: "permission" | "question") => ({ requestId, kind });
  const needs = needsOf([
    session("failed", { status: "error", error: { code: "x", message: "y" } }),
    session("asks", { status: "waiting", pending: [request("1", "permission"), request("2", "question")] }),
    session("answered", { status: "running", pending: [request("3", "permission")] }),
    session("idle"),
  ]);
  expect(needs.map(({ kind, session: { id } }) => [kind, id])).toEqual([
    ["permission", "asks"],
    ["question", "asks"],
    ["failed", "failed"],
  ]);
});
