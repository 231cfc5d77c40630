import type { Session } from "@skein/protocol";
import { expect, test } from "vitest";
import { facetValues, matchesFacets, matchesFilter, needsYou } from "./filter.ts";

const session = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  resource: `/_skein/shared-state/coder-session/${id}`,
  coder: `/coder/${id}`,
  title: `Session ${id}`,
  agent: "claude",
  cwd: "/home/kim/shop",
  permissionMode: "ask",
  status: "idle",
  statusSince: 1,
  pending: [],
  createdAt: 1,
  lastActivityAt: 1,
  turns: 0,
  ...more,
});

test("[WB16] every word of the filter must be in the row", () => {
  const one = session("a", { title: "Fix the Basket", lastLine: "All tests pass" });
  expect(matchesFilter(one, "")).toBe(true);
  expect(matchesFilter(one, "basket SHOP pass")).toBe(true);
  expect(matchesFilter(one, "basket tax")).toBe(false);
});

test("[WB16] the list is narrowed by what its sessions differ in", () => {
  const all = [
    session("a", { machine: "desk" }),
    session("b", { machine: "desk", status: "running" }),
    session("c", { machine: "cloud" }),
    session("d"),
  ];
  expect(facetValues(all, "machine")).toEqual([
    { value: "desk", count: 2 },
    { value: "cloud", count: 1 },
  ]);
  expect(facetValues(all, "agent")).toEqual([]);
  const shown = (narrowed: Parameters<typeof matchesFacets>[1]) =>
    all.filter((one) => matchesFacets(one, narrowed)).map(({ id }) => id);
  expect(shown({})).toEqual(["a", "b", "c", "d"]);
  expect(shown({ machine: "desk", status: "idle" })).toEqual(["a"]);
});

test("[WB17] open requests come before failed turns, and nothing else needs you", () => {
  const pending = [{ requestId: "1", kind: "permission" as const }];
  const all = [
    session("failed", { status: "error" }),
    session("idle"),
    session("asks", { status: "waiting", pending }),
    session("ended", { status: "killed", pending }),
  ];
  expect(needsYou(all).map(({ id }) => id)).toEqual(["asks", "failed"]);
});
