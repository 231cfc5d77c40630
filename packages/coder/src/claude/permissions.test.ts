import { expect, test } from "vitest";
import { claudeOptions, userMessage } from "./options.ts";
import { forThisSession, permissionResult } from "./permissions.ts";
import type { ClaudePermissionUpdate } from "./sdk.ts";

const rules: ClaudePermissionUpdate = {
  type: "addRules",
  rules: [{ toolName: "Bash", ruleContent: "touch x" }],
  behavior: "allow",
  destination: "localSettings",
};
const mode = (name: "acceptEdits" | "bypassPermissions"): ClaudePermissionUpdate => {
  return { type: "setMode", mode: name, destination: "userSettings" };
};

test("[CD16] what is allowed for the session stays in its memory, and widens it as little as it can", () => {
  expect(forThisSession([rules, mode("acceptEdits")])).toEqual([{ ...rules, destination: "session" }]);
  expect(forThisSession([mode("acceptEdits")])).toEqual([{ ...mode("acceptEdits"), destination: "session" }]);
  expect(forThisSession([mode("bypassPermissions")])).toEqual([]);
});

test("answers in the words of the SDK", () => {
  const ask = { input: { command: "ls" }, suggestions: [rules] };
  expect(permissionResult(ask, { kind: "permission", decision: "allow" })).toEqual({
    behavior: "allow",
    updatedInput: { command: "ls" },
  });
  expect(permissionResult(ask, { kind: "permission", decision: "allow", updatedInput: { command: "pwd" } })).toEqual({
    behavior: "allow",
    updatedInput: { command: "pwd" },
  });
  expect(permissionResult(ask, { kind: "permission", decision: "deny", message: "no" })).toEqual({
    behavior: "deny",
    message: "no",
  });
  expect(permissionResult({ ...ask, input: { questions: [] } }, { kind: "answer", answers: { q: "a" } })).toEqual({
    behavior: "allow",
    updatedInput: { questions: [], answers: { q: "a" } },
  });
});

test("[CD28] a repository's settings and servers are not loaded unless they are asked for", () => {
  const base = {
    driver: { sessionId: "s", cwd: "/", permissionMode: "ask", native: { kind: "own", id: "n" } },
    executable: "/claude",
    env: {},
    session: { kind: "new", id: "n" },
  } as const;
  const parts = {};
  expect(claudeOptions({ ...base, settingSources: ["user"] }, parts)).toMatchObject({
    settingSources: ["user"],
    strictMcpConfig: true,
    permissionMode: "default",
  });
  expect(claudeOptions({ ...base, settingSources: ["user", "project"] }, parts).strictMcpConfig).toBe(false);
});

test.each([
  ["hello", false],
  ["/compact", true],
  ["  /compact", true],
  ["look at @secret.txt", true],
  ["a / b", false],
])("[CD12] “%s” is sent as written: %s", (text, verbatim) => {
  expect(userMessage({ text }, "not-a-uuid").client_composed === true).toBe(verbatim);
});
