import { existsSync } from "node:fs";
import { cp, mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadClaudeSession } from "@skein/sessions/node";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

/** Attaching sessions from the wild. Nothing of them runs: the agent is only asked whether it is there. */
const fixtures = fileURLToPath(new URL("../../../../../shared/fixtures/claude/", import.meta.url));
const FILES = [
  "2.1.284-excerpt.jsonl",
  "ask-user-question.jsonl",
  "compaction-missing-parents.jsonl",
  "full-session-two.jsonl",
  "with-subagents/0ccf1a04-1b4c-43b6-8aa5-79e41db43a68.jsonl",
];

let lab: CoderLab;
let claude: ClaudeLab;
beforeEach(async ({ skip }) => {
  skip(!existsSync(fixtures), "The sessions from the wild (../shared/fixtures) are not beside the checkout.");
  claude = await createClaudeLab();
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
  await claude.close();
});

const startRunner = () =>
  lab.startRunner({
    adapters: undefined,
    owner: claude.root,
    environment: claude.environment,
    claude: { executable: "/bin/true" },
  });

async function install(file: string): Promise<{ id: string; path: string }> {
  const folder = join(claude.configDir, "projects", "-somewhere");
  await mkdir(folder, { recursive: true });
  const own = /^[0-9a-f-]{36}\.jsonl$/.exec(basename(file))?.[0]?.slice(0, 36);
  const id = own ?? "99999999-9999-4999-8999-999999999999";
  await cp(join(fixtures, file), join(folder, `${id}.jsonl`));
  if (own !== undefined) await cp(join(fixtures, file, "..", own), join(folder, own), { recursive: true });
  return { id, path: join(folder, `${id}.jsonl`) };
}

/** The call ids in a file, found without any of our readers. */
async function callsIn(path: string): Promise<Set<string>> {
  const lines = (await readFile(path, "utf8")).split("\n");
  const ids = new Set<string>();
  for (const line of lines) {
    const found = line.matchAll(/"type":"tool_use","id":"(toolu_\w+)"|"id":"(toolu_\w+)","type":"tool_use"/g);
    for (const [, first, second] of found) ids.add(first ?? second ?? "");
  }
  return ids;
}

test.each(FILES)("[CD4] %s is attached completely, each row once, and again adds nothing", async (file) => {
  const { id, path } = await install(file);
  const expected: string[] = [];
  for await (const { key } of loadClaudeSession({ path })) expected.push(key);
  const first = await startRunner();
  const view = await lab.spawn("s", { nativeSessionId: id, cwd: lab.cwd });
  await view.until("the history", () => view.rows.length >= expected.length && view.status()?.status === "idle");
  expect(view.rows.map(({ key }) => key)).toEqual(expected);
  expect(new Set(expected).size).toBe(expected.length);
  const calls = view.rows.flatMap(({ payload }) => (payload.type === "tool_call" ? [payload.callId] : []));
  for (const call of await callsIn(path)) expect(calls).toContain(call);
  expect(view.info()?.title).toEqual(expect.any(String));

  // A new life of the runner, and a wake: nothing is added.
  await first.stop();
  await startRunner();
  await view.send("cancel_prompt", { key: "none" });
  await view.until("the wake", () => view.inbox().length === 1);
  await expect.poll(async () => (await lab.client.getEntity(view.url)).status, { timeout: 10_000 }).toBe("idle");
  const { events } = await lab.client.readStream("/_skein/shared-state/coder-session/s", { last: 10_000 });
  expect(events.filter((event) => "type" in event && event.type === "coding_session_transcript")).toHaveLength(
    expected.length,
  );
});

test("[CD4] attaching twice, one coder after the other, gives the same rows", async () => {
  const { id } = await install("full-session-two.jsonl");
  await startRunner();
  const one = await lab.spawn("one", { nativeSessionId: id, cwd: lab.cwd });
  await one.until("the history", () => one.rows.length > 0 && one.status()?.status === "idle");
  await lab.client.kill(one.url);
  const two = await lab.spawn("two", { nativeSessionId: id, cwd: lab.cwd });
  await two.until("the history", () => two.rows.length >= one.rows.length && two.status()?.status === "idle");
  expect(two.rows).toEqual(one.rows);
});
