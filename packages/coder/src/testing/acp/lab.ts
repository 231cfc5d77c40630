import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CustomAcpAgent } from "../../acp/presets.ts";
import { startScriptedMessagesApi } from "../scripted-anthropic.ts";
import type { ScriptedMessagesApi } from "../scripted-anthropic.ts";

/** A place where the scripted ACP agent runs, with a scripted model on loopback. */
export interface AcpLab {
  readonly api: ScriptedMessagesApi;
  readonly root: string;
  /** A working directory. */
  readonly cwd: string;
  /** What to give the coder as its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The agent, as a person would set it up. */
  readonly agent: CustomAcpAgent;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

export async function createAcpLab(lacks: readonly ("sign-in" | "sessions")[] = []): Promise<AcpLab> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "skein-acp-")));
  const cwd = join(root, "work");
  await mkdir(cwd);
  const api = await startScriptedMessagesApi();
  return {
    api,
    root,
    cwd,
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: root,
      SCRIPTED_ACP_URL: api.url,
      SCRIPTED_ACP_HOME: join(root, "sessions"),
      SCRIPTED_ACP_LACKS: lacks.join(" "),
      SECRET_TOKEN: "nobody's business",
    },
    agent: {
      name: "Scripted",
      command: [process.execPath, "--import", import.meta.resolve("tsx"), "--conditions=@skein/source", MAIN],
      passEnvironment: ["SCRIPTED_ACP_URL", "SCRIPTED_ACP_HOME", "SCRIPTED_ACP_LACKS"],
    },
    async close() {
      await api.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
