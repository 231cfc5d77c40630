import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { packagedBinary } from "../claude/binary.ts";
import { createClaudeAgent } from "../claude/claude-agent.ts";
import { systemClock } from "../clock.ts";
import { packagedCodex } from "../codex/binary.ts";
import { createCodexAgent } from "../codex/codex-agent.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { createClaudeLab } from "./claude-lab.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "./codex-lab.ts";
import type { CoderLab, LabRunner } from "./coder-lab.ts";

/** A machine with the real Claude Code and the real Codex, each with a home and a scripted model of its own. */
export interface AgentsLab {
  readonly cwd: string;
  /** Marks its processes and its files. */
  readonly owner: string;
  /** The session files of an agent. */
  sessionFiles(agent: DrivenAgent): Promise<string[]>;
  /** Everything that the agent's model was told with its last request. */
  told(agent: DrivenAgent): string;
  /** How often the agent's model was asked. */
  asked(agent: DrivenAgent): number;
  /** Resolves when an answer of the agent's model waits at `[[gate: name]]`. */
  reached(agent: DrivenAgent, gate: string): Promise<void>;
  open(agent: DrivenAgent, gate: string): void;
  /** One turn of the agent without Skein, as in a terminal; answers with the agent's id of the session. */
  turnInTerminal(agent: DrivenAgent, prompt: string, sessionId?: string): Promise<string>;
  startRunner(coders: CoderLab, options?: Parameters<CoderLab["startRunner"]>[0]): Promise<LabRunner>;
  close(): Promise<void>;
}

export const DRIVEN = ["claude", "codex"] as const;
export type DrivenAgent = (typeof DRIVEN)[number];

/** What a coder of the agent needs so that the scripted model speaks its tools. */
export const LAB_ARGS = {
  claude: { agent: "claude", permissionMode: "bypass" },
  codex: { agent: "codex", permissionMode: "bypass", model: CODEX_LAB_MODEL },
} as const;

/** Why the agents cannot be run here, to be put behind a test's title; empty when they can. */
export function missingAgents(...agents: readonly DrivenAgent[]): string {
  const found = { claude: packagedBinary() !== undefined, codex: packagedCodex() !== undefined };
  const missing = agents.filter((agent) => !found[agent]);
  return missing.length === 0
    ? ""
    : ` (skipped: the optional package with the binary of ${missing.join(", ")} is missing)`;
}

export async function createAgentsLab(): Promise<AgentsLab> {
  const claude = await createClaudeLab();
  const codex = await createCodexLab();
  const environment = { ...codex.environment, ...claude.environment };
  const credentials = { credentials: "env", maxRetries: 1 } as const;
  const settings = {
    claude: { executable: packagedBinary(), ...credentials },
    codex: { executable: packagedCodex()?.path, ...credentials },
  };
  const terminal = { environment, owner: `${claude.root}/terminal`, clock: systemClock };
  const reaper = createReaper({ ...terminal, table: procTable() });
  const inTerminal = {
    claude: createClaudeAgent(settings.claude, { ...terminal, reaper }),
    codex: createCodexAgent(settings.codex, { ...terminal, reaper }),
  };
  const apis = { claude: claude.api, codex: codex.api };
  return {
    cwd: claude.cwd,
    owner: claude.root,
    async sessionFiles(agent) {
      if (agent === "codex") return codex.sessionFiles();
      return (await claude.sessionFiles()).map((name) => join(claude.configDir, "projects", name));
    },
    told: (agent) => JSON.stringify(apis[agent].conversation().at(-1) ?? null),
    asked: (agent) => apis[agent].conversation().length,
    reached: (agent, gate) => apis[agent].reached(gate),
    open: (agent, gate) => apis[agent].open(gate),
    async turnInTerminal(agent, prompt, sessionId) {
      const { agent: _, ...args } = LAB_ARGS[agent];
      const native = { kind: sessionId === undefined ? "own" : "resume", id: sessionId ?? randomUUID() } as const;
      const driver = inTerminal[agent].createDriver({ sessionId: "terminal", cwd: claude.cwd, native, ...args });
      const options = { promptId: randomUUID(), runId: "terminal", signal: new AbortController().signal };
      for await (const event of driver.prompt({ text: prompt }, options)) {
        if (event.kind === "turn" && event.outcome.kind !== "completed") throw new Error(JSON.stringify(event.outcome));
      }
      await driver.close();
      return driver.nativeSessionId ?? native.id;
    },
    startRunner: (coders, options = {}) =>
      coders.startRunner({
        adapters: undefined,
        owner: claude.root,
        defaultWorkingDirectory: claude.cwd,
        environment,
        ...settings,
        ...options,
      }),
    async close() {
      await claude.close();
      await codex.close();
    },
  };
}
