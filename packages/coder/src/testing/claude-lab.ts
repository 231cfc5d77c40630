import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedMessagesApi } from "./scripted-anthropic.ts";
import type { ScriptedMessagesApi } from "./scripted-anthropic.ts";

/**
 * A place where the real Claude Code runs without touching the person's own: folders of its own for home,
 * configuration and work, and a scripted model on loopback.
 */
export interface ClaudeLab {
  readonly api: ScriptedMessagesApi;
  readonly root: string;
  readonly home: string;
  readonly configDir: string;
  /** A working directory. */
  readonly cwd: string;
  /** What to give the coder as its environment, with `credentials: "env"`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The names of the session files that Claude Code wrote. */
  sessionFiles(): Promise<string[]>;
  close(): Promise<void>;
}

export async function createClaudeLab(): Promise<ClaudeLab> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "skein-lab-")));
  const [home, configDir, cwd] = ["home", "config", "work"].map((name) => join(root, name)) as [string, string, string];
  await Promise.all([home, configDir, cwd].map((path) => mkdir(path)));
  const api = await startScriptedMessagesApi();
  return {
    api,
    root,
    home,
    configDir,
    cwd,
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      LANG: "C.UTF-8",
      CLAUDE_CONFIG_DIR: configDir,
      ANTHROPIC_BASE_URL: api.url,
      ANTHROPIC_API_KEY: "scripted",
    },
    async sessionFiles() {
      const names = await readdir(join(configDir, "projects"), { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith(".jsonl"));
    },
    async close() {
      await api.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
