import type { PermissionMode } from "@skein/sessions";

/** How an agent that speaks ACP is started and spoken to. */
export interface AcpPreset {
  /** For people. */
  readonly name: string;
  /** The program (a path, or found on the PATH) and its arguments. Never a line for a shell. */
  readonly command: readonly [string, ...string[]];
  readonly modes: readonly PermissionMode[];
  readonly images: boolean;
  /** Variables that it may see beside the basic ones, and with `credentials: "env"`. */
  readonly environment: readonly string[];
  readonly credentials: readonly string[];
  readonly hint: string;
  /** The agent's own mode for one of ours, of those that it has; `undefined`: as it is. */
  modeFor(mode: PermissionMode, available: readonly string[]): string | undefined;
  /** Further settings, by their category or id. */
  optionsFor?(mode: PermissionMode): Readonly<Record<string, string>>;
}

type ModeNames = Partial<Record<PermissionMode, readonly string[]>>;

function byName(names: ModeNames): AcpPreset["modeFor"] {
  return (mode, available) => names[mode]?.find((name) => available.includes(name));
}

const ANTHROPIC = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN"];
const OPENAI = ["OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY"];
const XDG = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];

/** Agents that were tried. What asks and what does not is decided here and not by the agent, as far as it asks us. */
export const ACP_PRESETS: Readonly<Record<string, AcpPreset>> = {
  "claude-acp": {
    name: "Claude Agent (ACP)",
    command: ["claude-agent-acp"],
    modes: ["ask", "accept-edits", "plan", "bypass"],
    images: true,
    environment: ["CLAUDE_CONFIG_DIR", "CLAUDE_CODE_EXECUTABLE", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"],
    credentials: ANTHROPIC,
    hint: "Install it: npm install -g @agentclientprotocol/claude-agent-acp",
    // Its own default lets a model decide what needs no leave.
    modeFor: byName({ ask: ["default"], "accept-edits": ["acceptEdits"], plan: ["plan"], bypass: ["default"] }),
  },
  "codex-acp": {
    name: "Codex (ACP)",
    command: ["codex-acp"],
    modes: ["ask", "accept-edits", "plan", "bypass"],
    images: true,
    environment: ["CODEX_HOME", "CODEX_PATH"],
    credentials: OPENAI,
    hint: "Install it: npm install -g @agentclientprotocol/codex-acp",
    modeFor: byName({
      ask: ["read-only"],
      "accept-edits": ["workspace-write"],
      plan: ["read-only"],
      bypass: ["agent-full-access"],
    }),
    optionsFor: (mode) => ({ collaboration_mode: mode === "plan" ? "plan" : "default" }),
  },
  opencode: {
    name: "opencode",
    command: ["opencode", "acp"],
    modes: ["ask", "accept-edits", "plan", "bypass"],
    images: true,
    environment: XDG,
    credentials: [...ANTHROPIC, ...OPENAI],
    hint: "Install it: npm install -g opencode-ai",
    modeFor: byName({ ask: ["build"], "accept-edits": ["build"], plan: ["plan"], bypass: ["build"] }),
  },
};

/** An agent that a person set up. */
export interface CustomAcpAgent {
  readonly command: readonly [string, ...string[]];
  readonly name?: string | undefined;
  /** Names of variables of our environment that it may see. */
  readonly passEnvironment?: readonly string[] | undefined;
}

export function customPreset(agent: string, { command, name, passEnvironment = [] }: CustomAcpAgent): AcpPreset {
  return {
    name: name ?? agent,
    command,
    // Whether it has a plan mode is known when it runs: asked for one that it has not, it is not begun.
    modes: ["ask", "accept-edits", "plan", "bypass"],
    images: true,
    environment: passEnvironment,
    credentials: [],
    hint: `Install ${command[0]}, or correct its command where this agent is set up.`,
    modeFor: byName({ ask: ["default", "ask"], plan: ["plan", "architect"] }),
  };
}
