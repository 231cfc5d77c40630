import type { ChangeEvent } from "@skein/protocol";
import { CHECKPOINT_EVENT, CODER_RUN_STATUS_EVENT, SESSION_INFO_EVENT, TRANSCRIPT_EVENT } from "@skein/sessions";
import { expect, test } from "vitest";
import { projectEvents } from "./project.ts";
import { toSession, type SessionRecord } from "./session.ts";

const NOW = 10_000;
const EMPTY: SessionRecord = {
  id: "s",
  resource: "/_skein/shared-state/coder-session/s",
  coder: "/coder/s",
  title: "New session",
  titleFrom: "nothing",
  agent: "claude",
  cwd: "/tmp",
  permissionMode: "ask",
  status: "initializing",
  statusSince: 1,
  pending: [],
  createdAt: 1,
  lastActivityAt: 1,
  turns: 0,
};

const event = (type: string, key: string, value: unknown): ChangeEvent => ({
  type,
  key,
  value,
  headers: { operation: "insert" },
});
let next = 0;
const said = (type: string, payload: object, more: object = {}): ChangeEvent => {
  const key = `k${(next += 1)}`;
  return event(TRANSCRIPT_EVENT, key, { key, ts: 5, type, payload: { v: 1, type, ...payload }, ...more });
};
const after = (...events: ChangeEvent[]): SessionRecord => projectEvents(EMPTY, events, NOW);

test("[RS6] a given title stays, and the first prompt names a session that has none", () => {
  const first = after(said("user_message", { text: "First" }), said("user_message", { text: "Second" }));
  expect(first).toMatchObject({ title: "First", lastLine: "Second" });
  const given = projectEvents(first, [said("title", { title: "Given" }), said("user_message", { text: "Third" })], NOW);
  expect(given.title).toBe("Given");
  const info = event(SESSION_INFO_EVENT, "current", {
    key: "current",
    agent: "codex",
    cwd: "/x",
    sessionId: "s",
    createdAt: 3,
    title: "Info",
  });
  expect(after(info, said("user_message", { text: "Prompt" }))).toMatchObject({
    title: "Info",
    agent: "codex",
    createdAt: 3,
  });
});

test("[RS6] rows of sub-agents say nothing about the session", () => {
  const nested = { parentCallId: "call" };
  const session = after(
    said("user_message", { text: "What the sub-agent was told" }, nested),
    said("assistant_message", { text: "Its answer" }, nested),
  );
  expect(session).toMatchObject({ title: "New session" });
  expect(session.lastLine).toBeUndefined();
});

test("[RS6] rows that do not fit are left out, and change nothing", () => {
  const odd = [
    event(TRANSCRIPT_EVENT, "a", null),
    event(TRANSCRIPT_EVENT, "b", { ts: "late", payload: {} }),
    event(SESSION_INFO_EVENT, "current", { agent: 7 }),
    event(CODER_RUN_STATUS_EVENT, "current", { key: "current", status: "dancing" }),
    event("something_else", "c", {}),
    { ...said("title", { title: "x" }), headers: { operation: "delete" as const } },
  ];
  expect(after(...odd)).toBe(EMPTY);
  expect(after(said("user_message", { text: 7 }))).toMatchObject({ title: "New session", lastActivityAt: 5 });
});

test("[RS5] activity is that of the newest row, never later than now", () => {
  const row = (ts: number): ChangeEvent => said("thinking", { text: "…" }, { ts });
  expect(after(row(300), row(200)).lastActivityAt).toBe(300);
  expect(after(row(NOW * 1000)).lastActivityAt).toBe(NOW);
  expect(after(row(-5)).lastActivityAt).toBe(1);
});

test("[RS5] what waits for a person goes with its answer, or with the turn", () => {
  const ask = (requestId: string) => said("permission_request", { requestId, tool: "terminal", input: {} });
  const question = said("question", { requestId: "q", questions: [{ question: "Which?", options: [] }] });
  const asked = after(ask("a"), ask("b"), ask("b"), question);
  expect(asked.pending).toEqual([
    { requestId: "a", kind: "permission", tool: "terminal" },
    { requestId: "b", kind: "permission", tool: "terminal" },
    { requestId: "q", kind: "question", title: "Which?" },
  ]);
  const answered = [
    said("permission_response", { requestId: "a", decision: "deny" }),
    said("answer", { requestId: "q", answers: {} }),
  ];
  expect(projectEvents(asked, answered, NOW).pending).toMatchObject([{ requestId: "b" }]);
  expect(projectEvents(asked, [said("turn_aborted", { reason: "interrupted" })], NOW).pending).toEqual([]);
});

test("[RS5] the open turn is known until it ends, and is not told", () => {
  const status = (value: object): ChangeEvent => event(CODER_RUN_STATUS_EVENT, "current", { key: "current", ...value });
  const running = after(status({ status: "running", currentPrompt: "p", runId: "1-0", since: 7 }));
  expect(running).toMatchObject({ status: "running", statusSince: 7, turn: { promptId: "p", runId: "1-0" } });
  expect(Object.keys(toSession(running))).not.toContain("turn");
  expect(projectEvents(running, [status({ status: "idle" })], NOW)).not.toHaveProperty("turn");
  const killed: SessionRecord = { ...EMPTY, status: "killed" };
  expect(projectEvents(killed, [status({ status: "idle" })], NOW)).toBe(killed);
});

test("[RS5] long lines are cut at a word, or between characters", () => {
  const { title, lastLine } = after(said("user_message", { text: `${"x".repeat(78)}😀😀\n${"y".repeat(500)}` }));
  expect(title).toBe(`${"x".repeat(78)}…`);
  expect(lastLine).toBe(`${"x".repeat(78)}😀😀`);
  expect(after(said("user_message", { text: "word ".repeat(40) })).title).toBe(`${"word ".repeat(15).trim()}…`);
});

test("[WB53] the list says which branch a session's directory is on, as of its last turn", () => {
  const checkpoint = (value: object) => event(CHECKPOINT_EVENT, "t:end", value);
  expect(after(checkpoint({ branch: "main" }), checkpoint({ branch: "fix" }), checkpoint({})).branch).toBe("fix");
  for (const bad of [{ branch: 7 }, { branch: "x".repeat(300) }]) expect(after(checkpoint(bad)).branch).toBeUndefined();
});
