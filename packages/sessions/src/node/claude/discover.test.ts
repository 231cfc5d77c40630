import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claudeRows, text } from "../../testing/claude-rows.ts";
import { discoverClaudeSessions, findClaudeSession } from "./discover.ts";

let configDir: string;
beforeEach(async () => void (configDir = await mkdtemp(join(tmpdir(), "skein-discover-"))));
afterEach(async () => {
  await chmod(join(configDir, "projects/-closed"), 0o700).catch(() => undefined);
  await rm(configDir, { recursive: true, force: true });
});

const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

async function session(project: string, n: number, rows: readonly unknown[], second = n): Promise<string> {
  const folder = join(configDir, "projects", project);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${id(n)}.jsonl`);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await utimes(path, second, second);
  return path;
}

const prompt = (words: string, fields: Record<string, unknown> = {}) => claudeRows().user(words, fields);

test("[TR28] lists sessions newest first, with what a person knows them by", async () => {
  const rows = claudeRows();
  await session("-a", 1, [prompt("the older one")], 100);
  await session(
    "-b",
    2,
    [
      { type: "file-history-snapshot" },
      rows.user("<command-name>/clear</command-name>"),
      rows.user("caveat", { isMeta: true }),
      rows.user("fix the\n  basket", { gitBranch: "main", cwd: "/work/shop" }),
      rows.assistant([text("ok")]),
      { type: "ai-title", aiTitle: "Guess" },
      { type: "custom-title", customTitle: "Basket" },
    ],
    200,
  );
  const { sessions, skipped, more } = await discoverClaudeSessions({ configDir });
  expect(sessions).toMatchObject([
    {
      agent: "claude",
      id: id(2),
      title: "Basket",
      firstPrompt: "fix the basket",
      cwd: "/w",
      gitBranch: "main",
      model: "claude-x",
      agentVersion: "2.1.330",
      updatedAt: 200_000,
      messages: { count: 4, exact: true },
    },
    { id: id(1), firstPrompt: "the older one", updatedAt: 100_000 },
  ]);
  expect({ skipped, more }).toEqual({ skipped: [], more: false });
});

test("[TR28] what is no session, or has no prompt, is left out with a reason", async () => {
  const rows = claudeRows();
  const empty = await session("-a", 1, []);
  const silent = await session("-a", 2, [
    rows.user("Warmup", { isSidechain: true }),
    rows.assistant([text("x")], { isSidechain: true }),
  ]);
  const folder = join(configDir, "projects/-a");
  await writeFile(join(folder, "notes.jsonl"), "{}\n");
  await writeFile(join(folder, "agent-1234.jsonl"), "{}\n");
  await writeFile(join(folder, "readme.md"), "hello");
  const real = await session("-b", 3, [prompt("real")]);
  await symlink(real, join(folder, `${id(4)}.jsonl`));
  await symlink(join(configDir, "projects/-b"), join(configDir, "projects/-linked"));
  const { sessions, skipped } = await discoverClaudeSessions({ configDir });
  expect(sessions.map((found) => found.path)).toEqual([real]);
  expect([...skipped].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: empty, reason: "empty" },
    { path: silent, reason: "no-prompt" },
    { path: join(folder, "notes.jsonl"), reason: "not-a-session" },
  ]);
});

test("[TR28] a folder that is not there has no sessions", async () => {
  expect(await discoverClaudeSessions({ configDir: join(configDir, "nowhere") })).toEqual({
    sessions: [],
    skipped: [],
    more: false,
  });
});

test("[TR28] the limit and the search apply to what is shown", async () => {
  for (const n of [1, 2, 3, 4]) await session("-a", n, [prompt(n % 2 === 0 ? `Paint door ${n}` : `Mend roof ${n}`)]);
  const two = await discoverClaudeSessions({ configDir, limit: 2 });
  expect([two.sessions.map((found) => found.id), two.more]).toEqual([[id(4), id(3)], true]);
  const doors = await discoverClaudeSessions({ configDir, search: "DOOR" });
  expect(doors.sessions.map((found) => found.id)).toEqual([id(4), id(2)]);
  expect((await discoverClaudeSessions({ configDir, search: id(3) })).sessions).toHaveLength(1);
  expect((await discoverClaudeSessions({ configDir, search: "cellar" })).sessions).toEqual([]);
});

test("[TR28] of a large file only the ends are read: the first prompt, the latest title, and how long it must be", async () => {
  const rows = claudeRows();
  const filler = Array.from({ length: 400 }, (_, i) => rows.assistant([text(`${i} ${"x".repeat(3000)}`)]));
  const schemas = { type: "api-request-shape", tools: "y".repeat(200_000) };
  await session("-a", 1, [
    schemas,
    rows.user("the first"),
    ...filler,
    { type: "custom-title", customTitle: "At the end" },
  ]);
  const { sessions } = await discoverClaudeSessions({ configDir });
  expect(sessions).toMatchObject([{ firstPrompt: "the first", title: "At the end", messages: { exact: false } }]);
  expect(sessions[0]?.messages.count).toBeGreaterThan(100);
});

test("[TR27] a session is found by its id in any project, and by nothing but an id", async () => {
  await session("-a", 1, [prompt("older")], 10);
  const newer = await session("-b", 1, [prompt("newer")], 20);
  expect(await findClaudeSession({ configDir, id: id(1) })).toBe(newer);
  expect(await findClaudeSession({ configDir, id: id(2) })).toBeUndefined();
  const named = join(configDir, "projects/-b/by-hand.jsonl");
  await writeFile(named, `${JSON.stringify(prompt("put here by a person"))}\n`);
  expect(await findClaudeSession({ configDir, id: "by-hand" })).toBe(named);
  expect((await discoverClaudeSessions({ configDir, search: "by a person" })).sessions).toMatchObject([
    { id: "by-hand" },
  ]);
  for (const bad of ["../-b/x", "", "*", "..", "a..b", `${id(1)}/..`, "a".repeat(500), "agent-1"]) {
    expect(await findClaudeSession({ configDir, id: bad })).toBeUndefined();
  }
});
