import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { packagedCodex } from "../codex/binary.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "../testing/codex-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import { createCodexAgent } from "../codex/codex-agent.ts";
import { claudeSessions } from "../claude/native-sessions.ts";
import { systemClock } from "../clock.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";

/** Sessions from elsewhere, and the real Codex that goes on with them: the scripted model gets the history. */
const absent =
  packagedCodex() === undefined ? " (skipped: the optional package with the Codex binary is not installed)" : "";
const own = join(dirname(fileURLToPath(import.meta.url)), "../../../sessions/fixtures");
const CLAUDE = "3d1f6a52-0c8e-4f0a-9d53-6b2a1c7e9f10";
const CODEX = "019b0000-0000-7000-8000-000000000001";

async function start() {
  const codex = await createCodexLab();
  const lab = await createCoderLab();
  onTestFinished(async () => {
    await lab.close();
    await codex.close();
  });
  const configDir = join(codex.root, "claude");
  await mkdir(join(configDir, "projects/-w"), { recursive: true });
  await copyFile(join(own, `claude/${CLAUDE}.jsonl`), join(configDir, `projects/-w/${CLAUDE}.jsonl`));
  const day = "sessions/2026/11/20";
  await mkdir(join(codex.codexHome, day), { recursive: true });
  const name = `rollout-2026-11-20T09-00-00-${CODEX}.jsonl`;
  await copyFile(join(own, "codex", day, name), join(codex.codexHome, day, name));
  const deps = { environment: codex.environment, owner: codex.root, clock: systemClock };
  const reaper = createReaper({ ...deps, table: procTable() });
  const adapter = createCodexAgent({ credentials: "env", maxRetries: 1 }, { ...deps, reaper });
  await lab.startRunner({
    adapters: [adapter],
    sources: { claude: claudeSessions(configDir) },
    owner: codex.root,
    defaultWorkingDirectory: codex.cwd,
    environment: codex.environment,
  });
  return { codex, lab };
}

for (const [agent, sessionId] of [
  ["claude", CLAUDE],
  ["codex", CODEX],
] as const) {
  test.skipIf(absent !== "")(
    `[CD33][CD34] Codex goes on with a session of ${agent}${absent}`,
    { timeout: 40_000 },
    async () => {
      const { codex, lab } = await start();
      const args = {
        agent: "codex",
        importFrom: { agent, sessionId },
        cwd: codex.cwd,
        model: CODEX_LAB_MODEL,
      } as const;
      const view = await lab.spawn("s", { ...args, permissionMode: "bypass" });
      await view.until("the import", () => view.types().includes("handoff") && view.status()?.status === "idle");
      const imported = view.rows.length;
      expect(codex.api.requests).toEqual([]);
      await view.prompt("[[say: I know it all.]]");
      await view.until("the answer", () => view.rows.slice(imported).some(({ type }) => type === "turn_complete"));
      expect(JSON.stringify(view.rows.slice(imported))).toContain("I know it all.");
      const told = JSON.stringify(codex.api.requests.at(-1)?.body);
      const compacted = view.rows.findLastIndex(({ type }) => type === "compaction");
      const from = agent === "codex" ? compacted + 1 : 0;
      for (const { payload, parentCallId } of view.rows.slice(from, imported)) {
        if (parentCallId !== undefined) continue;
        if (payload.type !== "user_message" && payload.type !== "assistant_message") continue;
        expect(told).toContain(JSON.stringify(payload.text.trim()).slice(1, -1));
      }
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
    },
  );
}
