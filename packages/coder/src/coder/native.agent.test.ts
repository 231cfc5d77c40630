import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packagedBinary } from "../claude/binary.ts";
import { packagedCodex } from "../codex/binary.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "../testing/codex-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner, SessionView } from "../testing/coder-lab.ts";
import { nativeText } from "../testing/native-stream.ts";

/** What the agent writes is on the session's native stream, and enough to go on where nothing of it was seen. */
const patiently = { timeout: 40_000 };

interface AgentLab {
  readonly agent: "claude" | "codex";
  readonly root: string;
  readonly cwd: string;
  sessionFiles(): Promise<string[]>;
  /** What the model was told last. */
  told(): string;
  startRunner(lab: CoderLab): Promise<LabRunner>;
  close(): Promise<void>;
}

async function claudeLab(): Promise<AgentLab> {
  const lab = await createClaudeLab();
  return {
    ...lab,
    agent: "claude",
    sessionFiles: async () => (await lab.sessionFiles()).map((name) => join(lab.configDir, "projects", name)),
    told: () => JSON.stringify(lab.api.conversation().at(-1)?.messages),
    startRunner: (coders) =>
      coders.startRunner({
        adapters: undefined,
        owner: lab.root,
        defaultWorkingDirectory: lab.cwd,
        environment: lab.environment,
        claude: { executable: packagedBinary(), credentials: "env", maxRetries: 1 },
      }),
  };
}

async function codexLab(): Promise<AgentLab> {
  const lab = await createCodexLab();
  return {
    ...lab,
    agent: "codex",
    told: () => JSON.stringify(lab.api.conversation().at(-1)),
    startRunner: (coders) =>
      coders.startRunner({
        adapters: undefined,
        owner: lab.root,
        defaultWorkingDirectory: lab.cwd,
        environment: lab.environment,
        codex: { executable: packagedCodex()?.path, credentials: "env", maxRetries: 1 },
      }),
  };
}

const absent = {
  claude: packagedBinary() === undefined ? " (skipped: the package with the Claude Code binary is not installed)" : "",
  codex: packagedCodex() === undefined ? " (skipped: the package with the Codex binary is not installed)" : "",
};
const model = { claude: {}, codex: { model: CODEX_LAB_MODEL } };

let coders: CoderLab;
const labs: AgentLab[] = [];
beforeEach(async () => {
  coders = await createCoderLab();
});
afterEach(async () => {
  await coders.close();
  for (const lab of labs.splice(0)) await lab.close();
});

async function openLab(agent: "claude" | "codex"): Promise<AgentLab> {
  const lab = await (agent === "claude" ? claudeLab() : codexLab());
  labs.push(lab);
  return lab;
}

async function turns(view: SessionView, prompts: readonly string[]): Promise<void> {
  const ended = view.types().filter((type) => type === "turn_complete").length;
  for (const [index, prompt] of prompts.entries()) {
    await view.prompt(prompt);
    await view.idle(ended + index + 1);
  }
}
const isResting = async (view: SessionView): Promise<boolean> =>
  (await coders.client.getEntity(view.url)).status === "idle";

for (const agent of ["claude", "codex"] as const) {
  test.skipIf(absent[agent] !== "")(
    `[FK1][FK2] ${agent}: its files are mirrored byte by byte, and a runner with an empty home goes on from there${absent[agent]}`,
    patiently,
    async () => {
      const first = await openLab(agent);
      const one = await first.startRunner(coders);
      const view = await coders.spawn("s", { agent, permissionMode: "bypass", ...model[agent], cwd: first.cwd });
      await turns(view, ["[[write: a.txt|abc]] [[say: first answer]]", "[[bash: cat a.txt]] [[say: second answer]]"]);
      await expect.poll(() => isResting(view), { timeout: 10_000 }).toBe(true);
      const [path = ""] = await first.sessionFiles();
      expect(await nativeText(coders.client, "s")).toBe(await readFile(path, "utf8"));
      await one.stop();

      const second = await openLab(agent);
      await second.startRunner(coders);
      const rows = view.rows.length;
      await turns(view, ["[[say: third answer]]"]);
      const told = second.told();
      for (const text of ["first answer", "second answer", "abc", "third answer"]) expect(told).toContain(text);
      expect(view.rows.slice(rows).filter(({ type }) => type === "assistant_message")).toHaveLength(1);
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
      const [made = ""] = await second.sessionFiles();
      expect((await stat(made)).mode & 0o777).toBe(0o600);
      await expect.poll(() => isResting(view), { timeout: 10_000 }).toBe(true);
      expect(await nativeText(coders.client, "s")).toBe(await readFile(made, "utf8"));
    },
  );
}
