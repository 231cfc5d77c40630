import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { denormaliseClaude } from "../claude/denormalise.ts";
import { denormaliseCodex } from "../codex/denormalise.ts";
import { saidIn } from "../testing/conversation.ts";
import { collect, fixtures, OWN_SESSION, ownClaude } from "../testing/fixtures.ts";
import { discoverClaudeSessions, findClaudeSession } from "./claude/discover.ts";
import { loadClaudeSession } from "./claude/load.ts";
import { copyClaudeSession, writeClaudeSession } from "./claude/write.ts";
import { discoverCodexSessions } from "./codex/discover.ts";
import { findCodexSession } from "./codex/find.ts";
import { loadCodexSession } from "./codex/read.ts";
import { copyCodexSession, writeCodexSession } from "./codex/write.ts";
import { writeNewFile } from "./write-file.ts";

let home: string;
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), "skein-write-"))));
afterEach(async () => rm(home, { recursive: true, force: true }));

const ID = "0a1b2c3d-0000-8000-8000-00000000000a";
const CREATED = Date.UTC(2026, 10, 22, 17, 5, 9);
const claude = () => ({ configDir: home, id: ID, cwd: "/some/where else" });
const codex = () => ({ codexHome: home, id: ID, createdAt: CREATED });
const everyFile = async (): Promise<string[]> => {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

test("[TR38] a session is written where Claude Code finds it, for its owner only, and never over another", async () => {
  const rows = await collect(loadClaudeSession({ path: ownClaude }));
  const { records } = denormaliseClaude(rows, { sessionId: ID, cwd: "/some/where else", title: "Moved" });
  const written = await writeClaudeSession({ ...claude(), records });
  const path = join(home, "projects/-some-where-else", `${ID}.jsonl`);
  expect(written).toEqual({ kind: "written", path });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await findClaudeSession(claude())).toBe(path);
  expect((await discoverClaudeSessions({ configDir: home })).sessions).toMatchObject([{ id: ID, title: "Moved" }]);
  expect(saidIn(await collect(loadClaudeSession({ path }))).length).toBe(saidIn(rows).length);
  const before = await readFile(path, "utf8");
  expect(await writeClaudeSession({ ...claude(), cwd: "/elsewhere", records: [{}] })).toEqual({ kind: "exists", path });
  expect(await readFile(path, "utf8")).toBe(before);
  expect(await everyFile()).toEqual([`${ID}.jsonl`]);
  await expect(writeClaudeSession({ ...claude(), id: "../../etc/passwd", records: [] })).rejects.toThrow("no id");
});

test("[TR38] a thread is written where Codex finds it", async () => {
  const rows = await collect(loadClaudeSession({ path: ownClaude }));
  const { records } = denormaliseCodex(rows, { sessionId: ID, cwd: "/w" });
  const written = await writeCodexSession({ ...codex(), records });
  const path = join(home, "sessions/2026/11/22", `rollout-2026-11-22T17-05-09-${ID}.jsonl`);
  expect(written).toEqual({ kind: "written", path });
  expect(await findCodexSession(codex())).toBe(path);
  expect((await discoverCodexSessions({ codexHome: home })).sessions).toMatchObject([{ id: ID, cwd: "/w" }]);
  expect(await writeCodexSession({ ...codex(), createdAt: 0, records: [] })).toEqual({ kind: "exists", path });
  await expect(writeCodexSession({ ...codex(), id: "x", records: [] })).rejects.toThrow("no id");
});

test("[TR38] a write that fails leaves nothing; a file or link that is in the way stays", async () => {
  async function* failing() {
    yield "half";
    throw new Error("the disk is full");
  }
  await expect(writeNewFile(join(home, "a"), failing())).rejects.toThrow("full");
  await writeFile(join(home, "there"), "mine");
  await symlink(join(home, "there"), join(home, "link"));
  for (const name of ["there", "link"]) {
    expect(await writeNewFile(join(home, name), ["other"])).toMatchObject({ kind: "exists" });
  }
  expect(await readFile(join(home, "there"), "utf8")).toBe("mine");
  expect(await everyFile()).toEqual(["there"]);
});

test("[TR39] a copy of a Claude Code session is the same, with its sub-agents", async () => {
  for (const [index, { path }] of fixtures("claude").sessions.entries()) {
    const id = ID.replace(/.$/, index.toString(16));
    const copied = await copyClaudeSession({ ...claude(), id, path });
    const [source, copy] = await Promise.all([readFile(path, "utf8"), readFile(copied.path, "utf8")]);
    expect(copy.trimEnd()).toBe(source.trimEnd());
    expect(copy.endsWith("\n")).toBe(true);
    const load = (file: string) => collect(loadClaudeSession({ path: file }));
    expect(await load(copied.path)).toEqual(await load(path));
  }
  expect(OWN_SESSION).not.toBe(ID);
});

test("[TR39] a copy of a Codex thread is the same but for its name", async () => {
  for (const [index, { path }] of fixtures("codex").sessions.entries()) {
    const id = ID.replace(/.$/, index.toString(16));
    const copied = await copyCodexSession({ ...codex(), id, path });
    const [source, copy] = await Promise.all([readFile(path, "utf8"), readFile(copied.path, "utf8")]);
    const lines = copy.trimEnd().split("\n");
    const before = source.trimEnd().split("\n");
    const changed = lines.flatMap((line, at) => (line === before[at]?.trimEnd() ? [] : [at]));
    expect([lines.length, changed.length]).toEqual([before.length, 1]);
    expect(lines[changed[0] ?? 0]).toContain(id);
    expect(await findCodexSession({ codexHome: home, id })).toBe(copied.path);
    const [again, first] = await Promise.all(
      [copied.path, path].map((file) => collect(loadCodexSession({ path: file }))),
    );
    expect(saidIn(again ?? [])).toEqual(saidIn(first ?? []));
  }
});

test("[TR39] a last line that was cut off is left behind, and one without an end gets it", async () => {
  const path = join(home, "s.jsonl");
  await writeFile(path, '{"a":1}\n{"b":2}');
  const whole = await copyClaudeSession({ ...claude(), path });
  expect(await readFile(whole.path, "utf8")).toBe('{"a":1}\n{"b":2}\n');
  await writeFile(path, `{"a":"${"x".repeat(100_000)}"}\n{"b":`);
  const torn = await copyClaudeSession({ ...claude(), id: ID.replace(/.$/, "b"), path });
  expect(await readFile(torn.path, "utf8")).toBe(`{"a":"${"x".repeat(100_000)}"}\n`);
});
