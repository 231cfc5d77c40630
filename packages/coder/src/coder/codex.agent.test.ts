import { readFile, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isChangeEvent } from "@skein/runtime/client";
import type { CodingSessionDelta } from "@skein/sessions";
import { loadCodexSession } from "@skein/sessions/node";
import { packagedCodex } from "../codex/binary.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "../testing/codex-lab.ts";
import type { CodexLab } from "../testing/codex-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner, SessionView } from "../testing/coder-lab.ts";

/** The whole way of a prompt to the real Codex: server, runner, coder, app server, a scripted model. */
const binary = packagedCodex();
const patiently = { timeout: 20_000 };
const table = procTable();
let lab: CoderLab;
let codex: CodexLab;

beforeEach(async ({ skip }) => {
  skip(binary === undefined, "The optional package with the Codex binary is not installed.");
  codex = await createCodexLab();
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
  await codex.close();
});

function startRunner(): Promise<LabRunner> {
  return lab.startRunner({
    adapters: undefined,
    owner: codex.root,
    defaultWorkingDirectory: codex.cwd,
    environment: { ...codex.environment, SKEIN_TOKEN: "secret-token", DATABASE_URL: "secret-database" },
    codex: { executable: binary?.path, credentials: "env", maxRetries: 1 },
  });
}

const spawn = (id: string, args: Parameters<CoderLab["spawn"]>[1] = {}): Promise<SessionView> =>
  lab.spawn(id, { agent: "codex", model: CODEX_LAB_MODEL, permissionMode: "bypass", ...args });
const keys = (view: SessionView): string[] => view.rows.map(({ key }) => key);
const processes = async (): Promise<number> =>
  (await table.find((marker) => marker.startsWith(ownerPrefix(codex.root)))).length;

test("[CD36][CD26] a turn of Codex is durable, in order, once, and the same as in its file", async () => {
  await startRunner();
  const view = await spawn("s1");
  await view.prompt("[[think: hm]] [[write: a.txt|abc]] [[bash: cat a.txt; exit 3]] [[say: written]]");
  await view.idle(1);
  expect(await readFile(`${codex.cwd}/a.txt`, "utf8")).toBe("abc\n");
  expect(view.types()).toEqual([
    "user_message",
    "session_init",
    "thinking",
    "tool_call",
    "file_change",
    "tool_result",
    "tool_call",
    "tool_result",
    "assistant_message",
    "turn_complete",
  ]);
  expect(new Set(keys(view)).size).toBe(view.rows.length);
  expect(view.rows.at(-3)?.payload).toMatchObject({ isError: true, exitCode: 3 });
  expect(view.rows.at(-1)?.payload).toMatchObject({ success: true, usage: { contextWindow: expect.any(Number) } });
  const [path = ""] = await codex.sessionFiles();
  const fromFile: string[] = [];
  for await (const { key } of loadCodexSession({ path })) fromFile.push(key);
  expect(fromFile.toSorted()).toEqual(keys(view).toSorted());
  expect(path).toContain(view.info()?.nativeSessionId ?? "nothing");
  expect(view.info()).toMatchObject({ agent: "codex", model: CODEX_LAB_MODEL });
});

test("[CD36] deltas are on the live stream while the answer is written", async () => {
  await startRunner();
  const view = await spawn("s1");
  await view.prompt("[[say: the first half and{gate g} the second]]");
  await codex.api.reached("g");
  let text = "";
  let key = "";
  const path = "/_skein/shared-state/coder-session/s1/live";
  for await (const { events } of lab.client.followStream({ path, missingMs: 5000 })) {
    for (const event of events.filter(isChangeEvent)) {
      const delta = event.value as CodingSessionDelta;
      text += delta.text;
      ({ key } = delta);
    }
    if (text === "the first half and") break;
  }
  codex.api.open("g");
  await view.idle(1);
  const answer = view.rows.find(({ liveKey }) => liveKey === key);
  expect(answer?.payload).toMatchObject({ type: "assistant_message", text: "the first half and the second" });
});

test("[CD37] permissions and questions of Codex are answered over the server, and nothing is allowed for good", async () => {
  await startRunner();
  const view = await spawn("s1", { permissionMode: "ask" });
  await view.prompt("[[bash: touch yes]] [[bash: touch no]] [[ask: which?|red|blue]] [[say: fin]]");
  for (const decision of ["allow_session", "deny"]) {
    await view.until("a request", () => view.status()?.pending?.[0]?.kind === "permission");
    const requestId = view.status()?.pending?.[0]?.requestId;
    await view.send("permission_response", { requestId, decision });
    await view.until("the next", () => view.status()?.pending?.[0]?.requestId !== requestId);
  }
  await view.until("a question", () => view.status()?.pending?.[0]?.kind === "question");
  const requestId = view.status()?.pending?.[0]?.requestId;
  await view.send("answer", { requestId, answers: { "which?": "blue" } });
  await view.idle(1);
  expect(await readFile(`${codex.cwd}/yes`, "utf8")).toBe("");
  await expect(readFile(`${codex.cwd}/no`)).rejects.toThrow(/ENOENT/);
  expect(JSON.stringify(codex.api.conversation().at(-1)?.input)).toContain("blue");
  const asked = ["permission_request", "permission_response", "question", "answer"];
  expect(view.types().filter((type) => asked.includes(type))).toEqual([
    "permission_request",
    "permission_response",
    "permission_request",
    "permission_response",
    "question",
    "answer",
  ]);
  await expect(stat(`${codex.codexHome}/rules`)).rejects.toThrow(/ENOENT/);
  await expect(stat(`${codex.codexHome}/config.toml`)).rejects.toThrow(/ENOENT/);
});

test("[CD38] two sessions share one Codex; an interrupt of one leaves the other's command alone", async () => {
  await startRunner();
  const [one, two] = [await spawn("s1"), await spawn("s2")];
  await two.prompt("[[bash: echo up > two.txt; while [ ! -e go ]; do sleep 0.1; done]] [[say: done]]");
  await one.prompt("[[bash: setsid sleep 600 & echo up > one.txt; sleep 601]]");
  for (const name of ["one.txt", "two.txt"]) {
    await expect.poll(() => readFile(`${codex.cwd}/${name}`, "utf8").catch(() => ""), patiently).toBe("up\n");
  }
  const servers = await table.find((marker) => marker.endsWith("codex/app-server"));
  expect(servers.filter(({ pid, session, marker }) => pid === session && marker.startsWith(codex.root))).toHaveLength(
    1,
  );
  await lab.client.signal(one.url, "interrupt");
  await one.until("the end", () => one.types().includes("turn_aborted"));
  await expect.poll(async () => (await table.find((marker) => marker.endsWith(":s1"))).length, patiently).toBe(0);
  expect(two.types()).not.toContain("turn_aborted");
  await two.send("prompt", { text: "[[say: second]]" });
  await writeFile(`${codex.cwd}/go`, "");
  await two.idle(2);
  expect(two.types().filter((type) => type === "turn_complete")).toHaveLength(2);
});

test("[CD39] after the runner was stopped nothing is left, and the session goes on under its id with its history", async () => {
  const first = await startRunner();
  const view = await spawn("s1");
  await view.prompt("[[say: the answer is 42]]");
  await view.idle(1);
  const id = view.info()?.nativeSessionId;
  await first.stop();
  expect(await processes()).toBe(0);
  await startRunner();
  await view.prompt("[[say: as I said]]");
  await view.idle(2);
  expect(view.info()?.nativeSessionId).toBe(id);
  expect(await codex.sessionFiles()).toHaveLength(1);
  expect(JSON.stringify(codex.api.conversation().at(-1)?.input)).toContain("the answer is 42");
  expect(view.types().filter((type) => type === "session_init" || type === "assistant_message")).toHaveLength(3);
});

test("[CD39][CD4] a session on disk is attached with its history and goes on; one that is open is not attached twice", async () => {
  const first = await startRunner();
  const before = await spawn("before");
  await before.prompt("[[bash: echo hi]] [[say: the answer is 42]]");
  await before.idle(1);
  const nativeSessionId = before.info()?.nativeSessionId ?? "";
  await expect(spawn("twice", { nativeSessionId })).rejects.toMatchObject({ code: "session_in_use" });
  await lab.client.kill(before.url);
  await first.stop();
  await startRunner();
  const view = await spawn("after", { nativeSessionId });
  await view.until("the history", () => view.types().includes("turn_complete") && view.status()?.status === "idle");
  expect(keys(view).toSorted()).toEqual(keys(before).toSorted());
  await view.prompt("[[say: as I said]]");
  await view.idle(2);
  expect(JSON.stringify(codex.api.conversation().at(-1)?.input)).toContain("the answer is 42");
  expect(new Set(keys(view)).size).toBe(view.rows.length);
});

test("[CD27] the shell of Codex sees no key and no variable of the server", async () => {
  await startRunner();
  const view = await spawn("s1");
  await view.prompt("[[bash: env > env.txt; cat /proc/self/environ >> env.txt]]");
  await view.idle(1);
  const env = await readFile(`${codex.cwd}/env.txt`, "utf8");
  expect(env).toContain("SKEIN_CODER_SESSION=");
  expect(env).not.toContain("secret-");
  expect(env).not.toContain("OPENAI_API_KEY");
});
