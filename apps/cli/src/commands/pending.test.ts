import type { Session } from "@skein/protocol";
import { expect, test } from "vitest";
import { choosePermission } from "./pending.ts";

function session(...pending: Session["pending"]): Session {
  return {
    id: "s",
    resource: "r",
    coder: "/coder/s",
    title: "",
    agent: "claude",
    cwd: "/",
    permissionMode: "ask",
    status: "waiting",
    statusSince: 0,
    pending,
    createdAt: 0,
    lastActivityAt: 0,
    turns: 0,
  };
}
const one = { requestId: "abc1", kind: "permission", tool: "terminal" } as const;
const two = { requestId: "abd2", kind: "permission", title: "Edit x" } as const;
const question = { requestId: "q1", kind: "question" } as const;

test("[CL33] the only request that waits is meant; a question beside it does not matter", () => {
  expect(choosePermission(session(one, question), undefined)).toBe("abc1");
});

test("[CL33] of several the named one is meant, by the beginning of its id", () => {
  expect(choosePermission(session(one, two), "abd")).toBe("abd2");
});

test("[CL33] several without a name are listed and none is answered", () => {
  expect(() => choosePermission(session(one, two), undefined)).toThrow(
    expect.objectContaining({ code: "ambiguous", hint: "  abc1  terminal\n  abd2  Edit x" }),
  );
  expect(() => choosePermission(session(one, two), "ab")).toThrow("No waiting request");
});

test("[CL33] when nothing waits it says so, and where questions are answered", () => {
  expect(() => choosePermission(session(), undefined)).toThrow("No permission request waits");
  expect(() => choosePermission(session(question), undefined)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("web app") }),
  );
});
