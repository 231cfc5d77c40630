import type { ToolName } from "../events.ts";

const NAMES: ReadonlyMap<string, ToolName> = new Map<string, ToolName>([
  ["shell", "terminal"],
  ["shell_command", "terminal"],
  ["local_shell", "terminal"],
  ["container.exec", "terminal"],
  ["exec_command", "terminal"],
  ["unified_exec", "terminal"],
  ["read_file", "file_read"],
  ["list_dir", "file_search"],
  ["grep_files", "content_search"],
  ["web_search", "web_search"],
  ["update_plan", "plan"],
  ["spawn_agent", "sub_agent"],
]);

/** A single `cat FILE`, with nothing that a shell would do besides. */
const CAT = /^\s*cat\s+(?:--\s+)?(?:"[^"$`\\]+"|'[^']+'|[^\s|&;<>$`"'\\*?(){}]+)\s*$/;
const ADD = /^\*\*\* Add File: /m;
const CHANGE = /^\*\*\* (?:Update|Delete) File: /m;

/** Our name of a Codex tool, which depends on what it is asked to do: reading and patching are commands, too. */
export function codexToolName(name: string, input: Readonly<Record<string, unknown>>): string {
  if (name === "apply_patch") return patchTool(typeof input["input"] === "string" ? input["input"] : "");
  const known = NAMES.get(name);
  if (known !== "terminal") return known ?? name;
  const command = commandOf(input);
  if (command === undefined) return known;
  if (/^\s*apply_patch\b/.test(command)) return patchTool(command);
  return CAT.test(command) ? "file_read" : known;
}

function patchTool(patch: string): ToolName {
  return ADD.test(patch) && !CHANGE.test(patch) ? "file_write" : "file_edit";
}

/** The command line of a call, without the shell that runs it. */
export function commandOf(input: Readonly<Record<string, unknown>>): string | undefined {
  const command = input["cmd"] ?? input["command"];
  if (typeof command === "string") return command;
  if (!Array.isArray(command) || !command.every((part) => typeof part === "string")) return undefined;
  const [shell = "", flag = "", script] = command;
  const isShell = /(?:^|\/)(?:ba|z|da|k|fi)?sh$/.test(shell) && /^-[a-z]*c$/.test(flag);
  return isShell && typeof script === "string" ? script : command.join(" ");
}
