import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { AgentAdapter } from "../adapter.ts";
import { packagedBinary } from "../claude/binary.ts";
import { systemClock } from "../clock.ts";
import { packagedCodex } from "../codex/binary.ts";
import type { AgentDriver, DriverEvent, DriverResponse } from "../driver.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { installedAcpAgents } from "../testing/acp/installed.ts";
import type { InstalledAcpAgents } from "../testing/acp/installed.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "../testing/codex-lab.ts";
import { createAcpAgents } from "./acp-agent.ts";

/** Agents of others that speak ACP, over the real Claude Code and the real Codex, against scripted models. */
let installed: InstalledAcpAgents;
beforeAll(async () => {
  installed = await installedAcpAgents();
}, 150_000);

let close: (() => Promise<void>)[] = [];
beforeEach(({ skip }) => {
  if (installed.kind === "missing") skip(installed.reason);
  skip(packagedBinary() === undefined || packagedCodex() === undefined, "The agents' binaries are not installed.");
});
afterEach(async () => {
  for (const one of close.reverse()) await one();
  close = [];
});

const patiently = { timeout: 20_000 };

function place(environment: Readonly<Record<string, string>>, owner: string, agent: string) {
  const table = procTable();
  const path = installed.kind === "found" ? installed.path : "";
  const create = (): AgentAdapter => {
    const reaper = createReaper({ owner, table, clock: systemClock });
    const settings = { credentials: "env", passEnvironment: ["FAKE_KEY"] } as const;
    const deps = { environment: { ...environment, PATH: path }, owner, clock: systemClock, reaper };
    const found = createAcpAgents(settings, deps).find((one) => one.agent === agent);
    if (found === undefined) throw new Error("There is no such preset.");
    return found;
  };
  return { create, left: () => table.find((marker) => marker.startsWith(ownerPrefix(owner))) };
}

type Answer = (event: Extract<DriverEvent, { kind: "waiting" }>) => DriverResponse;
const ALLOW: DriverResponse = { kind: "permission", decision: "allow" };

async function run(
  driver: AgentDriver,
  text: string,
  answer: Answer = () => ALLOW,
  each?: (event: DriverEvent) => void,
) {
  const seen: DriverEvent[] = [];
  const options = { promptId: randomUUID(), runId: "1-1", signal: new AbortController().signal };
  for await (const event of driver.prompt({ text }, options)) {
    seen.push(event);
    each?.(event);
    if (event.kind === "waiting") await driver.respond(event.requestId, answer(event));
  }
  const rows = seen.flatMap((event) => (event.kind === "row" ? [event.row] : []));
  const last = seen.at(-1);
  const said = rows.flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : []));
  return { seen, rows, said, outcome: last?.kind === "turn" ? last.outcome : undefined };
}

test("[CD47] Claude Code over ACP: a turn with edits, commands, leave and a question; interrupted; resumed elsewhere", async () => {
  const lab = await createClaudeLab();
  close.push(() => lab.close());
  const extra = { CLAUDE_CODE_EXECUTABLE: packagedBinary() ?? "", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };
  const { create, left } = place({ ...lab.environment, ...extra }, lab.root, "claude-acp");
  const open = (native: { kind: "own" | "resume"; id: string; told?: boolean }): AgentDriver => {
    const driver = create().createDriver({ sessionId: "s1", cwd: lab.cwd, permissionMode: "ask", native });
    close.push(() => driver.close());
    return driver;
  };
  const driver = open({ kind: "own", id: randomUUID() });
  const path = join(lab.cwd, "a.txt");
  const asked: string[] = [];
  const prompt = `[[say: hello]] [[write: ${path}|abc]] [[bash: touch no.txt]] [[ask: which?|red|blue]] [[say: bye]]`;
  const first = await run(driver, prompt, ({ row: { payload } }) => {
    asked.push(payload.type);
    if (payload.type === "question") return { kind: "answer", answers: { "which?": "blue" } };
    return { kind: "permission", decision: asked.length === 1 ? "allow" : "deny" };
  });
  expect(first.outcome).toMatchObject({ kind: "completed", usage: { inputTokens: expect.any(Number) } });
  expect(asked).toEqual(["permission_request", "permission_request", "question"]);
  expect(first.said).toEqual(["hello", "bye"]);
  expect(await readFile(path, "utf8")).toBe("abc");
  await expect(readFile(join(lab.cwd, "no.txt"))).rejects.toThrow(/ENOENT/);
  const types = first.rows.map(({ type }) => type);
  expect(types.filter((type) => type === "tool_call" || type === "tool_result")).toHaveLength(6);
  expect(types).toContain("file_change");
  expect(JSON.stringify(lab.api.conversation().at(-1)).split("which?").at(-1)).toContain("blue");

  const started = performance.now();
  const cut = await run(driver, "[[say: half of it{gate never} and more]]", undefined, (event) => {
    if (event.kind === "delta") void lab.api.reached("never").then(() => driver.interrupt());
  });
  expect(cut.outcome).toEqual({ kind: "aborted", reason: "interrupted" });
  expect(cut.said).toEqual(["half of it"]);
  expect(performance.now() - started).toBeLessThan(10_000);

  const id = driver.nativeSessionId ?? "";
  await driver.close();
  await expect.poll(left, patiently).toEqual([]);
  const second = await run(open({ kind: "own", id, told: true }), "[[say: as I said]]");
  expect(second.said).toEqual(["as I said"]);
  expect(JSON.stringify(lab.api.conversation().at(-1))).toContain("say: hello");
  const missing = await run(open({ kind: "resume", id: randomUUID() }), "hello");
  expect(missing.outcome).toMatchObject({ kind: "failed", code: "session_not_found" });
}, 60_000);

test("[CD47] Codex over ACP: an edit that is asked for, a command, resumed elsewhere", async () => {
  const lab = await createCodexLab();
  close.push(() => lab.close());
  await writeFile(join(lab.codexHome, "config.toml"), codexConfig(lab.environment["OPENAI_BASE_URL"] ?? ""));
  const environment = { ...lab.environment, CODEX_PATH: packagedCodex()?.path ?? "", FAKE_KEY: "scripted" };
  const { create, left } = place(environment, lab.root, "codex-acp");
  const open = (native: { kind: "own"; id: string; told?: boolean }): AgentDriver => {
    const driver = create().createDriver({ sessionId: "s1", cwd: lab.cwd, permissionMode: "ask", native });
    close.push(() => driver.close());
    return driver;
  };
  const driver = open({ kind: "own", id: randomUUID() });
  const path = join(lab.cwd, "a.txt");
  const asked: string[] = [];
  const first = await run(
    driver,
    `[[write: ${path}|abc]] [[bash: sleep 0.3; cat a.txt]] [[say: bye]]`,
    ({ row: { payload } }) => {
      asked.push(payload.type);
      return ALLOW;
    },
  );
  expect(first.outcome).toMatchObject({ kind: "completed", usage: { inputTokens: expect.any(Number) } });
  expect(asked).toEqual(["permission_request"]);
  expect((await readFile(path, "utf8")).trim()).toBe("abc");
  expect(first.rows.find(({ type }) => type === "file_change")?.payload).toMatchObject({ changes: [{ kind: "add" }] });
  const results = first.rows.flatMap(({ payload }) => (payload.type === "tool_result" ? [payload] : []));
  expect(results.at(-1)).toMatchObject({ isError: false, output: expect.stringContaining("abc") });
  const id = driver.nativeSessionId ?? "";
  await driver.close();
  await expect.poll(left, patiently).toEqual([]);
  const second = await run(open({ kind: "own", id, told: true }), "[[say: as I said]]");
  expect(second.said).toEqual(["as I said"]);
  expect(JSON.stringify(lab.api.conversation().at(-1))).toContain("say: bye");
}, 60_000);

function codexConfig(url: string): string {
  const lines = [
    `model = "${CODEX_LAB_MODEL}"`,
    'model_provider = "fake"',
    "check_for_update_on_startup = false",
    "[model_providers.fake]",
    'name = "Fake"',
    `base_url = "${url}"`,
    'wire_api = "responses"',
    'env_key = "FAKE_KEY"',
    "[features]",
    "plugins = false",
    "shell_snapshot = false",
    "[analytics]",
    "enabled = false",
  ];
  return `${lines.join("\n")}\n`;
}
