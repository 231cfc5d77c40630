import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packagedBinary } from "../claude/binary.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

/** Sessions from elsewhere, and the real Claude Code that goes on with them: the scripted model gets the history. */
const binary = packagedBinary();
const patiently = { timeout: 30_000 };
const here = dirname(fileURLToPath(import.meta.url));
const own = join(here, "../../../sessions/fixtures");
const shared = join(here, "../../../../../shared/fixtures");
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

let lab: CoderLab;
let claude: ClaudeLab;
let codexHome: string;

beforeEach(async ({ skip }) => {
  skip(binary === undefined, "The optional package with the Claude Code binary is not installed.");
  claude = await createClaudeLab();
  lab = await createCoderLab();
  codexHome = join(claude.root, "codex");
});
afterEach(async () => {
  await lab.close();
  await claude.close();
});

async function startRunner() {
  return lab.startRunner({
    adapters: undefined,
    owner: claude.root,
    defaultWorkingDirectory: claude.cwd,
    environment: { ...claude.environment, CODEX_HOME: codexHome },
    claude: { executable: binary, credentials: "env", maxRetries: 1 },
  });
}

/** Puts a session where its agent would have it; answers with its id. */
async function place(agent: "claude" | "codex", path: string): Promise<string> {
  const id = UUID.exec(basename(path))?.[0] ?? "0a1b2c3d-0000-4000-8000-00000000000a";
  const folder = agent === "claude" ? join(claude.configDir, "projects/-old") : join(codexHome, "sessions/2026/01/02");
  await mkdir(folder, { recursive: true });
  await copyFile(path, join(folder, agent === "claude" ? `${id}.jsonl` : `rollout-2026-01-02T00-00-00-${id}.jsonl`));
  return id;
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** What the model must have been told of a transcript: prompts, answers, outputs, with large ones by their beginning. */
function toldBy(rows: readonly CodingSessionTranscriptRow[]): string[] {
  const called = new Set<string>();
  return rows.flatMap(({ payload, parentCallId }) => {
    if (parentCallId !== undefined) return [];
    if (payload.type === "tool_call") called.add(payload.callId);
    if (payload.type === "user_message" || payload.type === "assistant_message") return [payload.text.trim()];
    return payload.type === "tool_result" && called.has(payload.callId) ? [payload.output.slice(0, 3000).trim()] : [];
  });
}

const sources = [
  { agent: "claude", path: join(own, "claude/3d1f6a52-0c8e-4f0a-9d53-6b2a1c7e9f10.jsonl") },
  {
    agent: "codex",
    path: join(own, "codex/sessions/2026/11/20/rollout-2026-11-20T09-00-00-019b0000-0000-7000-8000-000000000001.jsonl"),
  },
  { agent: "claude", path: join(shared, "claude/full-session-two.jsonl") },
  { agent: "codex", path: join(shared, "codex/0.144.5.jsonl") },
] as const;

for (const { agent, path } of sources) {
  const absent = existsSync(path) ? "" : " (skipped: the collection of real sessions is not on this machine)";
  test.skipIf(absent !== "")(
    `[CD33][CD34] Claude Code goes on with ${agent}'s ${basename(path)}${absent}`,
    patiently,
    async () => {
      const sessionId = await place(agent, path);
      await startRunner();
      const view = await lab.spawn("s", {
        importFrom: { agent, sessionId },
        cwd: claude.cwd,
        permissionMode: "bypass",
      });
      await view.until("the import", () => view.types().includes("handoff") && view.status()?.status === "idle");
      const imported = [...view.rows];
      expect(imported.at(-1)?.payload).toMatchObject({ type: "handoff", from: agent, to: "claude" });
      expect(view.info()).toMatchObject({ importedFrom: { agent, sessionId }, agent: "claude" });
      expect(view.info()?.title).toBeDefined();
      expect(claude.api.conversation()).toEqual([]);

      await view.prompt("[[say: I know it all.]]");
      await view.until("the answer", () => view.rows.length > imported.length && view.status()?.status === "idle");
      // The agent tells of its session and the title that it was given.
      const news = view.rows.slice(imported.length).filter(({ type }) => type !== "session_init" && type !== "title");
      expect(news.map(({ payload }) => ("text" in payload ? payload.text : payload.type))).toEqual([
        "[[say: I know it all.]]",
        "I know it all.",
        "turn_complete",
      ]);
      const told = stringsIn(claude.api.conversation().at(-1)?.messages).join("\n");
      const compacted = imported.findLastIndex(({ type }) => type === "compaction");
      for (const text of toldBy(agent === "claude" ? imported.slice(compacted + 1) : imported))
        expect(told).toContain(text);
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
    },
  );
}
