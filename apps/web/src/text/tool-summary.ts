import type { ToolItem } from "@skein/react";
import { count, relativePath } from "./format.ts";
import { oneLine, visibleText } from "./visible-text.ts";

/** The one line that says what a tool call did: a verb, what it was done to, and how it came out. Pure. */
export interface ToolSummary {
  readonly verb: string;
  /** A command or path is set in the code font. */
  readonly subject: string;
  readonly code: boolean;
  readonly note: string;
}

type Input = Readonly<Record<string, unknown>>;

export function toolSummary(item: ToolItem, directory: string | undefined): ToolSummary {
  const { input } = item;
  const output = item.result?.output ?? "";
  const line = (verb: string, subject: string, note = "", code = true): ToolSummary => ({ verb, subject, note, code });
  const path = (): string => visibleText(relativePath(filePath(input), directory));
  switch (item.tool) {
    case "terminal":
      return line(item.result === undefined ? "Run" : "Ran", oneLine(command(input)), exitNote(item));
    case "file_read":
      return line("Read", path(), item.state === "done" ? rangeNote(input, output) : "");
    case "file_edit":
      return line(item.state === "done" ? "Edited" : "Edit", path());
    case "file_write":
      return line(item.state === "done" ? "Wrote" : "Write", path());
    case "file_search":
      return line("Found files", oneLine(text(input, "pattern", "query", "glob")), matchNote(item));
    case "content_search":
      return line("Searched", oneLine(text(input, "pattern", "query", "regex")), matchNote(item));
    case "web_search":
      return line("Searched the web", oneLine(text(input, "query")), "", false);
    case "web_fetch":
      return line("Fetched", oneLine(text(input, "url")));
    case "sub_agent":
      return line("Sub-agent", oneLine(text(input, "description", "prompt", "title")), childNote(item), false);
    case "plan":
      return line("Plan", planNote(input), "", false);
    case "":
      return line(item.state === "preparing" ? "Preparing a call" : "Result", oneLine(item.liveInput ?? output, 80));
    default:
      return line(toolTitle(item), oneLine(firstText(input)));
  }
}

/** `mcp__github__create_issue` as `github: create issue`. */
export function toolTitle(item: Pick<ToolItem, "tool" | "originalTool">): string {
  const name = visibleText(item.originalTool || item.tool);
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  return server === undefined || tool === undefined ? name : `${server}: ${tool.replaceAll("_", " ")}`;
}

export function command(input: Input): string {
  const value = input["command"] ?? input["cmd"] ?? input["script"];
  if (Array.isArray(value)) return value.filter((part) => typeof part === "string").join(" ");
  return typeof value === "string" ? value : "";
}

export function filePath(input: Input): string {
  return text(input, "file_path", "path", "filePath", "notebook_path", "filename");
}

export function text(input: Input, ...names: readonly string[]): string {
  for (const name of names) {
    const value = input[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return "";
}

function firstText(input: Input): string {
  const value = Object.values(input).find((one) => typeof one === "string" || typeof one === "number");
  return value === undefined ? "" : String(value);
}

function exitNote(item: ToolItem): string {
  const code = item.result?.exitCode;
  return code === undefined || code === 0 ? "" : `exit ${code}`;
}

function rangeNote(input: Input, output: string): string {
  const { offset, limit } = input;
  if (typeof offset === "number" && typeof limit === "number") return `lines ${offset}–${offset + limit - 1}`;
  return count(linesOf(output), "line");
}

function matchNote(item: ToolItem): string {
  if (item.state !== "done") return "";
  const output = item.result?.output.trim() ?? "";
  if (output === "" || /^no (files|matches)/i.test(output)) return "nothing found";
  return count(linesOf(output), "line");
}

function childNote(item: ToolItem): string {
  const calls = item.children.filter((child) => child.kind === "tool").length;
  return calls === 0 ? "" : count(calls, "call");
}

function planNote(input: Input): string {
  const { todos } = input;
  return Array.isArray(todos) ? count(todos.length, "step") : "";
}

export function linesOf(content: string): number {
  return content === "" ? 0 : content.replace(/\n$/, "").split("\n").length;
}
