import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile, open, cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, claudeRows, text } from "../../testing/claude-rows.ts";
import { collect, OWN_SESSION, ownClaude } from "../../testing/fixtures.ts";
import { loadClaudeSession } from "./load.ts";
import { readClaudeSession } from "./read.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "skein-load-"))));
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function file(name: string, lines: readonly unknown[], end = "\n"): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n") + end);
  return path;
}

test("[TR11] a finished agent's records stand in front of the result that names it", async () => {
  const rows = await collect(loadClaudeSession({ path: ownClaude }));
  const at = rows.findIndex((row) => row.parentCallId !== undefined);
  expect(rows.slice(at - 2, at + 6).map((row) => [row.type, row.parentCallId ?? row.callId])).toEqual([
    ["tool_call", "toolu_agent"],
    ["subagent", "toolu_agent"],
    ["user_message", "toolu_agent"],
    ["tool_call", "toolu_agent"],
    ["tool_result", "toolu_agent"],
    ["assistant_message", "toolu_agent"],
    ["tool_result", "toolu_agent"],
    ["subagent", "toolu_agent"],
  ]);
});

test("[TR11] agents that no result names come last, under their call if it can be found", async () => {
  const rows = claudeRows();
  const path = await file("cut.jsonl", [rows.user("go"), rows.assistant([call("t", "Task", { prompt: "look" })])]);
  const side = { isSidechain: true, parentUuid: null };
  await file("cut/subagents/agent-b.jsonl", [
    rows.user("look", side),
    rows.assistant([text("at it")], { isSidechain: true }),
  ]);
  await file("cut/subagents/agent-c.jsonl", [rows.user("who asked?", side)]);
  await file("cut/subagents/agent-d.jsonl", [rows.user("noted", side)]);
  await file("cut/subagents/agent-d.meta.json", [{ agentType: "x", toolUseId: "t9" }]);
  await file("cut/subagents/agent-acompact-1.jsonl", [rows.user("sum it up", side)]);
  const nested = (await collect(loadClaudeSession({ path }))).filter((row) => row.parentCallId !== undefined);
  expect(nested.map((row) => row.parentCallId)).toEqual(["t", "t", "agent:c", "t9"]);
});

test("[TR11] an agent's own agents are read, an agent's file once, and older files beside the session too", async () => {
  const rows = claudeRows();
  const named = (callId: string, agentId: string) => rows.result(callId, "done", { status: "completed", agentId });
  const path = await file("old.jsonl", [
    rows.user("go"),
    rows.assistant([call("t", "Task")]),
    named("t", "one"),
    named("t2", "one"),
    named("t3", "../../etc"),
    named("t4", "foreign"),
  ]);
  await file("agent-one.jsonl", [rows.user("one", { sessionId: "old" }), named("n", "two")]);
  await file("agent-two.jsonl", [rows.user("two", { sessionId: "old" })]);
  await file("agent-foreign.jsonl", [rows.user("not ours", { sessionId: "other" })]);
  const nested = (await collect(loadClaudeSession({ path }))).filter((row) => row.parentCallId !== undefined);
  expect(nested.map((row) => [row.parentCallId, row.type])).toEqual([
    ["t", "user_message"],
    ["n", "user_message"],
    ["t", "tool_result"],
  ]);
});

test("[TR25] lines that are no records are passed over and accounted for", async () => {
  const rows = claudeRows();
  const path = await file(
    "odd.jsonl",
    ["# made by hand", "", rows.user("hello"), "{oops}", '{"type":"user","mess'],
    "",
  );
  const records = await collect(readClaudeSession({ path }));
  expect(records.map(({ line, normalised }) => [line, normalised.skipped?.reason])).toEqual([
    [1, "comment"],
    [2, "blank"],
    [3, undefined],
    [4, "not-json"],
    [5, "torn"],
    [0, undefined],
  ]);
});

test("[TR27] links and pipes in an agent's folder are not followed", async () => {
  const rows = claudeRows();
  const outside = await file("outside/secret.jsonl", [rows.user("secret", { isSidechain: true })]);
  const path = await file("linked.jsonl", [rows.user("go")]);
  await mkdir(join(folder, "linked/subagents"), { recursive: true });
  await symlink(outside, join(folder, "linked/subagents/agent-x.jsonl"));
  execFileSync("mkfifo", [join(folder, "linked/subagents/agent-y.jsonl")]);
  expect((await collect(loadClaudeSession({ path }))).map((row) => row.type)).toEqual(["session_init", "user_message"]);
  const link = join(folder, "link.jsonl");
  await symlink(path, link);
  await expect(collect(loadClaudeSession({ path: link }))).rejects.toThrow("no readable file");
  expect(await collect(loadClaudeSession({ path: link, follow: true }))).toHaveLength(2);
});

test("[TR26] stops when it is told to", async () => {
  const stop = new AbortController();
  const rows = loadClaudeSession({ path: ownClaude, signal: stop.signal });
  await rows.next();
  stop.abort();
  // What was read is given; no more of the file is.
  await expect(collect(rows)).rejects.toThrow(/abort/i);
});

test("[TR26] a file of 25 MB with lines over 1 MiB is read in memory of its largest line", async () => {
  const path = join(folder, "large.jsonl");
  const handle = await open(path, "w");
  const rows = claudeRows();
  let size = 0;
  for (let i = 0; size < 25 * 1024 * 1024; i++) {
    const output = "x".repeat(i % 200 === 0 ? 1_200_000 : 12_000);
    const lines = [rows.assistant([call(`c${i}`, "Bash")]), rows.result(`c${i}`, output)];
    const chunk = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    size += chunk.length;
    await handle.write(chunk);
  }
  await handle.close();
  const program = `
    const { readClaudeSession } = await import(${JSON.stringify(join(import.meta.dirname, "read.ts"))});
    let base = 0, peak = 0, results = 0;
    for await (const { line, normalised } of readClaudeSession({ path: ${JSON.stringify(path)} })) {
      results += normalised.rows.filter((row) => row.type === "tool_result").length;
      if (line % 100 !== 0) continue;
      gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      if (base === 0) base = heapUsed + arrayBuffers;
      peak = Math.max(peak, heapUsed + arrayBuffers);
    }
    console.log(JSON.stringify({ results, grown: peak - base }));`;
  const args = ["--expose-gc", "--import", "tsx", "--conditions=@skein/source", "--input-type=module", "-e", program];
  const { results, grown } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 }));
  expect(results).toBeGreaterThan(1000);
  expect(grown).toBeLessThan(8 * 1024 * 1024);
});

test("[TR5] a copy of the session elsewhere has the same rows", async () => {
  const copy = join(folder, "copy");
  await cp(dirname(ownClaude), copy, { recursive: true });
  const path = join(copy, `${OWN_SESSION}.jsonl`);
  expect(await collect(loadClaudeSession({ path }))).toEqual(await collect(loadClaudeSession({ path: ownClaude })));
});
