import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { tempFolder } from "../testing/cli-process.ts";
import { runInProcess } from "../testing/run-in-process.ts";

const ID = "3b0c6f0e-3c5e-4a52-9d0b-2f6c2a1d9a10";

/** A Claude Code session with one prompt, one answer and a record that nobody needs to see. */
const RECORDS = [
  {
    type: "user",
    uuid: "u1",
    parentUuid: null,
    sessionId: ID,
    timestamp: "2026-11-01T10:00:00.000Z",
    cwd: "/work/app",
    version: "2.1.330",
    isSidechain: false,
    userType: "external",
    message: { role: "user", content: "Fix the \u001b[31mbuild" },
  },
  {
    type: "assistant",
    uuid: "a1",
    parentUuid: "u1",
    sessionId: ID,
    timestamp: "2026-11-01T10:00:05.000Z",
    cwd: "/work/app",
    version: "2.1.330",
    isSidechain: false,
    userType: "external",
    message: {
      id: "m1",
      type: "message",
      role: "assistant",
      model: "m",
      content: [{ type: "text", text: "Done." }],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    },
  },
  { type: "file-history-snapshot", messageId: "u1", snapshot: {}, isSnapshotUpdate: false },
];

async function claudeFolder(): Promise<string> {
  const folder = await tempFolder("claude");
  const project = join(folder, "projects", "-work-app");
  await mkdir(project, { recursive: true });
  await writeFile(join(project, `${ID}.jsonl`), RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return folder;
}

const discovery = z.object({
  sessions: z.array(z.looseObject({ id: z.string(), path: z.string() })),
  more: z.boolean(),
});

test("[CL40][CL20][CL21] the sessions on this machine are listed without a server", async () => {
  const env = { CLAUDE_CONFIG_DIR: await claudeFolder(), CODEX_HOME: await tempFolder("codex") };
  const table = await runInProcess(["sessions"], { env });
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table.stdout).toMatch(new RegExp(`^claude +${ID} .*Fix the build +/work/app$`, "m"));
  const { sessions } = discovery.parse(JSON.parse((await runInProcess(["sessions", "--json"], { env })).stdout));
  expect(sessions).toMatchObject([{ id: ID, agent: "claude", cwd: "/work/app" }]);
  expect((await runInProcess(["sessions", "--agent", "codex"], { env })).stdout).toContain("No sessions");
  expect((await runInProcess(["sessions", "--agent", "gpt"], { env })).code).toBe(2);
  const none = await runInProcess(["sessions", "--search", "nothing like it"], { env });
  expect(none.stdout).toContain("No sessions of an agent were found");
});

test("[CL40] inspect tells what is in a file and what a transcript shows of it", async () => {
  const env = { CLAUDE_CONFIG_DIR: await claudeFolder(), CODEX_HOME: await tempFolder("codex") };
  const file = join(env.CLAUDE_CONFIG_DIR, "projects", "-work-app", `${ID}.jsonl`);
  const text = await runInProcess(["sessions", "inspect", file], { env });
  expect(text.stdout).toMatch(/1 +user_message/);
  const census = z.looseObject({
    native: z.record(z.string(), z.number()),
    events: z.record(z.string(), z.number()),
    notShown: z.array(z.looseObject({ kind: z.string(), reason: z.string() })),
  });
  const found = census.parse(JSON.parse((await runInProcess(["sessions", "inspect", file, "--json"], { env })).stdout));
  expect(found.native).toEqual({ user: 1, assistant: 1, "file-history-snapshot": 1 });
  expect(found.events).toMatchObject({ user_message: 1, assistant_message: 1 });
  expect(found.notShown).toMatchObject([{ line: 3, kind: "file-history-snapshot", reason: "file-history" }]);
});

test("[CL40][CL22] a file that is not there, or no session, is told", async () => {
  const folder = await tempFolder();
  const missing = await runInProcess(["sessions", "inspect", join(folder, "none.jsonl")]);
  expect(missing).toMatchObject({ code: 1, stdout: "" });
  expect(missing.stderr).toMatch(/^error: .*\(not_found\)\n/);
  await writeFile(join(folder, "x.jsonl"), "hello\n");
  expect((await runInProcess(["sessions", "inspect", "x.jsonl"], { cwd: folder })).stderr).toContain("(unsupported)");
});
