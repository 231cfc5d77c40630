import type { ToolName } from "../events.ts";

const NAMES: ReadonlyMap<string, ToolName> = new Map<string, ToolName>([
  ["Bash", "terminal"],
  ["PowerShell", "terminal"],
  ["bash_code_execution", "terminal"],
  ["Read", "file_read"],
  ["NotebookRead", "file_read"],
  ["Edit", "file_edit"],
  ["MultiEdit", "file_edit"],
  ["NotebookEdit", "file_edit"],
  ["Write", "file_write"],
  ["Glob", "file_search"],
  ["LS", "file_search"],
  ["Grep", "content_search"],
  ["WebSearch", "web_search"],
  ["web_search", "web_search"],
  ["WebFetch", "web_fetch"],
  ["web_fetch", "web_fetch"],
  ["Task", "sub_agent"],
  ["Agent", "sub_agent"],
  ["TodoWrite", "plan"],
  ["TodoRead", "plan"],
  ["TaskCreate", "plan"],
  ["TaskUpdate", "plan"],
  ["TaskList", "plan"],
  ["TaskGet", "plan"],
]);

/** Our name of a Claude Code tool; MCP tools and those we do not know keep their own. */
export function claudeToolName(name: string): string {
  return NAMES.get(name) ?? name;
}
