import { appendFile, copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCodexSession } from "@skein/sessions/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { codexSessions } from "../codex/native-sessions.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";
import { createFakeAgent } from "../testing/fake-agent.ts";

/** Importing: files and rows. Nothing runs: the agent is only asked whether it is there. */
const ID = "019b0000-0000-7000-8000-000000000001";
const FOLDER = "sessions/2026/11/20";
const fixture = fileURLToPath(
  new URL(`../../../sessions/fixtures/codex/${FOLDER}/rollout-2026-11-20T09-00-00-${ID}.jsonl`, import.meta.url),
);

let lab: CoderLab;
let claude: ClaudeLab;
let source: string;
beforeEach(async () => {
  claude = await createClaudeLab();
  lab = await createCoderLab();
  source = join(claude.root, "codex", FOLDER, `rollout-2026-11-20T09-00-00-${ID}.jsonl`);
  await mkdir(join(claude.root, "codex", FOLDER), { recursive: true });
  await copyFile(fixture, source);
});
afterEach(async () => {
  await lab.close();
  await claude.close();
});

const startRunner = () =>
  lab.startRunner({
    adapters: undefined,
    owner: claude.root,
    environment: { ...claude.environment, CODEX_HOME: join(claude.root, "codex") },
    claude: { executable: "/bin/true" },
  });
const importing = (id: string) => lab.spawn(id, { importFrom: { agent: "codex", sessionId: ID }, cwd: claude.cwd });
const keysOnce = (view: SessionView) => expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
const handedOver = (view: SessionView) =>
  view.until("the import", () => view.types().includes("handoff") && view.status()?.status === "idle");

async function nativeFile(view: SessionView): Promise<string> {
  const [file] = (await claude.sessionFiles()).filter((name) => name.includes(view.info()?.nativeSessionId ?? "none"));
  return join(claude.configDir, "projects", file ?? "none");
}

test("[CD33] the history is in the transcript as it was, with what the agent got of it; the source is left alone", async () => {
  await startRunner();
  const view = await importing("s");
  await handedOver(view);
  const wanted = [];
  for await (const { key, payload } of loadCodexSession({ path: source })) wanted.push({ key, payload });
  expect(view.rows.slice(0, -1).map(({ key, payload }) => ({ key, payload }))).toEqual(wanted);
  const prompts = wanted.filter(({ payload }) => payload.type === "user_message").length;
  const handoff = view.rows.at(-1)?.payload;
  if (handoff?.type !== "handoff") throw new Error("The last row is not the hand-over.");
  const { kept, dropped } = handoff;
  expect((kept["user_message"] ?? 0) + (dropped["sub_agent"] ?? 0)).toBeGreaterThanOrEqual(prompts);
  expect(await readFile(source, "utf8")).toBe(await readFile(fixture, "utf8"));
  expect((await readFile(await nativeFile(view), "utf8")).length).toBeGreaterThan(100);
});

test("[CD34] what was written down does not come back as rows; what is written behind it does", async () => {
  const first = await startRunner();
  const view = await importing("s");
  await handedOver(view);
  const before = view.rows.length;
  const file = await nativeFile(view);
  const last = (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .findLast((row) => row.uuid);
  const uuid = "0a1b2c3d-0000-4000-8000-00000000000b";
  const message = { role: "user", content: "typed in a terminal" };
  const typed = { ...last, type: "user", parentUuid: last.uuid, uuid, message, timestamp: new Date().toISOString() };
  await appendFile(file, `${JSON.stringify(typed)}\n`);
  await first.stop();
  await startRunner();
  await view.send("cancel_prompt", { key: "none" });
  await view.until("the prompt from the terminal", () => view.rows.some(({ key }) => key === uuid));
  expect(view.rows.slice(before).map(({ payload }) => payload)).toMatchObject([{ text: "typed in a terminal" }]);
  keysOnce(view);
});

test("[CD33] an import that a crash cut off is completed once", async () => {
  const first = await startRunner();
  let cut: () => void = () => undefined;
  const wasCut = new Promise<void>((resolve) => (cut = resolve));
  lab.intercept(async (request, next) => {
    if (!(await request.clone().text()).includes('"handoff"')) return next(request);
    cut();
    throw new TypeError("the connection broke");
  });
  const view = await importing("s");
  await wasCut;
  await first.crash();
  lab.intercept(undefined);
  expect(view.types()).not.toContain("handoff");
  await startRunner();
  await handedOver(view);
  expect(view.types().filter((type) => type === "handoff")).toHaveLength(1);
  keysOnce(view);
  expect((await claude.sessionFiles()).length).toBe(1);
});

test("[CD35] what cannot be imported is refused, and a source that is gone by then is told", async () => {
  await startRunner();
  const refused = async (args: Record<string, unknown>): Promise<unknown> =>
    lab.client
      .spawn("coder", "no", { args: { agent: "claude", cwd: claude.cwd, ...args } })
      .catch((error: unknown) => error);
  const importFrom = { agent: "codex", sessionId: ID };
  expect(await refused({ importFrom: { agent: "codex", sessionId: "../x" } })).toMatchObject({
    code: "session_not_found",
  });
  expect(await refused({ importFrom: { agent: "claude", sessionId: ID } })).toMatchObject({
    code: "session_not_found",
  });
  expect(await refused({ importFrom, nativeSessionId: ID })).toMatchObject({ code: "invalid_request" });
  lab.intercept(async (request, next) => {
    if (new URL(request.url).pathname.endsWith("/claim/commit")) await rm(source, { force: true });
    return next(request);
  });
  const view = await importing("s");
  await view.until("the failure", () => view.types().includes("error") && view.status()?.status === "idle");
  expect(view.rows.at(-1)?.payload).toMatchObject({ type: "error", code: "import_failed" });
});

test("[CD35] an agent that takes nothing over refuses an import", async () => {
  const sources = { codex: createFakeAgent().sessions };
  await lab.startRunner({ sources });
  await expect(importing("s")).rejects.toMatchObject({ code: "invalid_request" });
});

test("[CD30] sessions that can only be imported are listed when they are asked for", async () => {
  const sources = { codex: codexSessions(join(claude.root, "codex")) };
  const { coders } = await lab.startRunner({ sources });
  const list = coders.calls["sessions.list"];
  expect(await list?.({})).toMatchObject({ sessions: [] });
  expect(await list?.({ importable: true })).toMatchObject({ sessions: [{ agent: "codex", id: ID }] });
});
