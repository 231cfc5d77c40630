import { claudeToolName } from "../claude/tool-names.ts";
import { TOOL_NAMES, type ToolName } from "../events.ts";

const KINDS: ReadonlyMap<string, ToolName> = new Map<string, ToolName>([
  ["read", "file_read"],
  ["edit", "file_edit"],
  ["delete", "file_edit"],
  ["move", "file_edit"],
  ["search", "content_search"],
  ["execute", "terminal"],
  ["fetch", "web_fetch"],
]);

const OURS: ReadonlySet<string> = new Set(TOOL_NAMES);

/** Our name of a tool: by its own name where that is a known one, else by its kind. */
export function acpToolName(name: string | undefined, kind: string | undefined): string {
  const known = name === undefined ? undefined : claudeToolName(name);
  if (known !== undefined && OURS.has(known)) return known;
  return KINDS.get(kind ?? "") ?? name ?? kind ?? "tool";
}
