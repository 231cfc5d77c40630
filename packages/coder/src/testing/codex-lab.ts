import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedResponsesApi } from "./scripted-responses.ts";
import type { ScriptedResponsesApi } from "./scripted-responses.ts";

/** A place where the real Codex runs without touching the person's own, with a scripted model on loopback. */
export interface CodexLab {
  readonly api: ScriptedResponsesApi;
  readonly root: string;
  readonly codexHome: string;
  /** A working directory. */
  readonly cwd: string;
  /** What to give the coder as its environment, with `credentials: "env"`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The rollouts that Codex wrote. */
  sessionFiles(): Promise<string[]>;
  close(): Promise<void>;
}

/** A model whose tools the scripted API speaks. */
export const CODEX_LAB_MODEL = "gpt-5.5";

export async function createCodexLab(): Promise<CodexLab> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "skein-codex-lab-")));
  const [home, codexHome, cwd] = ["home", "codex", "work"].map((name) => join(root, name)) as [string, string, string];
  await Promise.all([home, codexHome, cwd].map((path) => mkdir(path)));
  const api = await startScriptedResponsesApi();
  return {
    api,
    root,
    codexHome,
    cwd,
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      LANG: "C.UTF-8",
      CODEX_HOME: codexHome,
      OPENAI_BASE_URL: `${api.url}/v1`,
      OPENAI_API_KEY: "scripted",
    },
    async sessionFiles() {
      const folder = join(codexHome, "sessions");
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith(".jsonl")).map((name) => join(folder, name));
    },
    async close() {
      await api.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
