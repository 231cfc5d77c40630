import type { PermissionMode } from "@skein/sessions";
import { promptParts } from "../drive/prompt-parts.ts";
import type { DriverOptions, PromptInput } from "../driver.ts";
import type { ClaudeOptions, ClaudeUserMessage } from "./sdk.ts";

/**
 * What Claude Code is started with. Always explicit where its default depends on the account, the repository or the
 * version.
 */
export interface StartOptions {
  readonly driver: DriverOptions;
  readonly executable: string;
  readonly env: Record<string, string>;
  readonly settingSources: readonly SettingSource[];
  readonly session: { readonly kind: "resume" | "new"; readonly id: string };
}

/** Whose settings are loaded. `project` and `local` run what the repository says: hooks, MCP servers, helpers. */
export type SettingSource = "user" | "project" | "local";

export const MODES = {
  ask: "default",
  "accept-edits": "acceptEdits",
  plan: "plan",
} as const satisfies Record<Exclude<PermissionMode, "bypass">, ClaudeOptions["permissionMode"]>;

/** Tools that begin turns by themselves, later: turns are begun by prompts. */
const DISALLOWED = ["CronCreate", "CronDelete", "CronList", "ScheduleWakeup", "Monitor"];

type Part = Pick<ClaudeOptions, "canUseTool" | "spawnClaudeCodeProcess">;

export function claudeOptions({ driver, executable, env, settingSources, session }: StartOptions, parts: Part) {
  const trustsProject = settingSources.includes("project");
  return {
    cwd: driver.cwd,
    env,
    pathToClaudeCodeExecutable: executable,
    ...(driver.model === undefined ? {} : { model: driver.model }),
    ...(session.kind === "resume" ? { resume: session.id } : { sessionId: session.id }),
    ...permissionOptions(driver.permissionMode),
    settingSources: [...settingSources],
    // A repository's .mcp.json names programs to start.
    strictMcpConfig: !trustsProject,
    systemPrompt: { type: "preset", preset: "claude_code" },
    includePartialMessages: true,
    forwardSubagentText: true,
    disallowedTools: DISALLOWED,
    ...parts,
  } satisfies ClaudeOptions;
}

/**
 * In bypass the SDK warns on the terminal that permissions will not be asked; they are to be, for questions of the
 * agent alone. So that mode goes to Claude Code directly.
 */
function permissionOptions(mode: PermissionMode): Partial<ClaudeOptions> {
  if (mode !== "bypass") return { permissionMode: MODES[mode] };
  return { allowDangerouslySkipPermissions: true, extraArgs: { "permission-mode": "bypassPermissions" } };
}

/** A prompt under an id of ours. Text that Claude Code would read as a command or a file mention is sent as written. */
export function userMessage(input: PromptInput, promptId: string): ClaudeUserMessage {
  const { text, images } = promptParts(input);
  const verbatim = /^\s*\/|@/.test(text);
  const pictures = images.flatMap(({ mime, bytes }) => {
    const media_type = PICTURES.find((known) => known === mime);
    const data = Buffer.from(bytes).toString("base64");
    return media_type === undefined
      ? []
      : [{ type: "image" as const, source: { type: "base64" as const, media_type, data } }];
  });
  return {
    type: "user",
    message: { role: "user", content: pictures.length === 0 ? text : [...pictures, { type: "text", text }] },
    parent_tool_use_id: null,
    ...(isUuid(promptId) ? { uuid: promptId } : {}),
    ...(verbatim ? { client_composed: true as const } : {}),
  };
}

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
type Uuid = NonNullable<ClaudeUserMessage["uuid"]>;

export function isUuid(text: string): text is Uuid {
  return UUID.test(text);
}
