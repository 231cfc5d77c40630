import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { collect, fixtures } from "../../testing/fixtures.ts";
import { discoverCodexSessions } from "./discover.ts";
import { findCodexSession } from "./find.ts";
import { loadCodexSession } from "./read.ts";

let codexHome: string;
beforeEach(async () => void (codexHome = await mkdtemp(join(tmpdir(), "skein-codex-"))));
afterEach(async () => rm(codexHome, { recursive: true, force: true }));

const id = (n: number) => `019b0000-0000-7000-8000-0000000000${n}`;

async function rollout(n: number, lines: readonly unknown[], { second = n, segment = "" } = {}): Promise<string> {
  const path = join(
    codexHome,
    `sessions/2026/01/0${(n % 9) + 1}/rollout-2026-01-01T00-00-${n}-${id(n)}${segment}.jsonl`,
  );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await utimes(path, second, second);
  return path;
}

const meta = (n: number, more: Record<string, unknown> = {}, ordinal?: number) => ({
  ordinal,
  type: "session_meta",
  payload: { id: id(n), cwd: "/w", cli_version: "0.169.0", git: { branch: "main" }, ...more },
});
const prompt = (message: string, ordinal?: number) => ({
  ordinal,
  type: "event_msg",
  payload: { type: "user_message", message },
});
const answer = (text: string, ordinal?: number) => ({
  ordinal,
  type: "response_item",
  payload: { type: "message", role: "assistant", id: `msg-${text}`, content: [{ type: "output_text", text }] },
});

test("[TR11] a sub-agent's thread stands where it was started, under its call, and ends it", async () => {
  const [own] = fixtures("codex").own.filter((file) => file.path.endsWith("0001.jsonl"));
  const rows = await collect(loadCodexSession({ path: own?.path ?? "" }));
  const from = rows.findIndex((row) => row.payload.type === "subagent");
  expect(rows.slice(from - 1, from + 7).map((row) => [row.type, row.parentCallId ?? row.callId])).toEqual([
    ["tool_call", "call_1"],
    ["subagent", "call_1"],
    ["user_message", "call_1"],
    ["tool_call", "call_1"],
    ["tool_result", "call_1"],
    ["assistant_message", "call_1"],
    ["subagent", "call_1"],
    ["tool_result", "call_1"],
  ]);
  expect(rows[from + 5]).toMatchObject({ payload: { phase: "end", isError: false } });
  expect(rows[from + 3]).toMatchObject({ payload: { isError: true, exitCode: 1 } });
});

test("[TR4] a thread that continues another by reference begins with that one's rows, up to the fork", async () => {
  await rollout(11, [meta(11, {}, 0), prompt("first", 1), answer("one", 2)]);
  await rollout(12, [
    meta(12, { history_base: { thread_id: id(11), end_ordinal_exclusive: 3 } }, 3),
    prompt("second", 4),
    answer("two", 5),
    prompt("behind the fork", 6),
  ]);
  const path = await rollout(13, [
    meta(13, { history_base: { thread_id: id(12), end_ordinal_exclusive: 6 } }, 6),
    prompt("third", 7),
    answer("three", 8),
  ]);
  const rows = await collect(loadCodexSession({ path }));
  const texts = rows.flatMap(({ payload }) => ("text" in payload ? [payload.text] : []));
  expect(texts).toEqual(["first", "one", "second", "two", "third", "three"]);
  expect(rows.filter((row) => row.type === "session_init")).toMatchObject([{ key: `session:${id(13)}` }]);
});

test("[TR27] history and sub-agents that are not there, or are not the session's, are left out", async () => {
  await rollout(21, [meta(21), prompt("of somebody else")]);
  const started = {
    type: "event_msg",
    payload: {
      type: "item_completed",
      item: { type: "SubAgentActivity", id: "c", kind: "started", agent_thread_id: id(21) },
    },
  };
  const path = await rollout(22, [
    meta(22, { history_base: { thread_id: id(99), end_ordinal_exclusive: 3 } }),
    prompt("mine"),
    started,
    {
      type: "event_msg",
      payload: {
        type: "item_completed",
        item: { type: "SubAgentActivity", id: "d", kind: "started", agent_thread_id: "../../x" },
      },
    },
  ]);
  const rows = await collect(loadCodexSession({ path }));
  expect(rows.filter((row) => row.type === "user_message").map((row) => row.payload)).toMatchObject([{ text: "mine" }]);
});

test("[TR28] lists Codex sessions newest first, without sub-agents, each thread once", async () => {
  await rollout(31, [meta(31), prompt("older"), answer("x")], { second: 100 });
  await rollout(32, [meta(32), { type: "turn_context", payload: { model: "gpt-5.5" } }, prompt("newer")], {
    second: 200,
  });
  await rollout(32, [meta(32), prompt("newer, before it was taken back")], { second: 150, segment: "_0" });
  const child = await rollout(33, [meta(33, { source: { subagent: {} } }), prompt("told")], { second: 300 });
  const silent = await rollout(34, [meta(34)], { second: 50 });
  const odd = await rollout(35, [{ hello: 1 }], { second: 40 });
  await writeFile(join(codexHome, "session_index.jsonl"), `${JSON.stringify({ id: id(31), thread_name: "Named" })}\n`);
  const { sessions, skipped } = await discoverCodexSessions({ codexHome });
  expect(sessions).toMatchObject([
    {
      agent: "codex",
      id: id(32),
      firstPrompt: "newer",
      model: "gpt-5.5",
      cwd: "/w",
      gitBranch: "main",
      updatedAt: 200_000,
    },
    { id: id(31), title: "Named", messages: { count: 1, exact: true } },
  ]);
  expect(skipped.map((file) => file.reason)).toEqual(["sub-agent", "older-copy", "no-prompt", "not-a-session"]);
  expect([skipped[0]?.path, skipped[2]?.path, skipped[3]?.path]).toEqual([child, silent, odd]);
  expect((await discoverCodexSessions({ codexHome, search: "named" })).sessions.map((found) => found.id)).toEqual([
    id(31),
  ]);
});

test("[TR27] a Codex session is found by its id, archived too, and by nothing but an id", async () => {
  const older = await rollout(41, [meta(41)], { second: 10 });
  const newer = await rollout(41, [meta(41)], { second: 20, segment: "_1" });
  expect(await findCodexSession({ codexHome, id: id(41) })).toBe(newer);
  await mkdir(join(codexHome, "archived_sessions"));
  await cp(older, join(codexHome, "archived_sessions", `rollout-x-${id(42)}.jsonl`));
  expect(await findCodexSession({ codexHome, id: id(42) })).toContain("archived_sessions");
  expect(await findCodexSession({ codexHome, id: "../../../etc/passwd" })).toBeUndefined();
  expect(await discoverCodexSessions({ codexHome: join(codexHome, "nowhere") })).toEqual({
    sessions: [],
    skipped: [],
    more: false,
  });
});
