import { safeLine } from "./safe-text.ts";
import { cut } from "./table.ts";

/** The fields of a tool's input that say best what it is about, the first that is there. */
const TELLING = ["command", "file_path", "path", "notebook_path", "pattern", "query", "url", "description", "prompt"];
const LONGEST = 160;

/** A tool call in one line: `terminal  npm test`. */
export function summariseTool(tool: string, input: Readonly<Record<string, unknown>>): string {
  const field = TELLING.find((name) => typeof input[name] === "string" && input[name] !== "");
  const about = field === undefined ? JSON.stringify(input) : String(input[field]);
  const text = cut(safeLine(about), LONGEST);
  return text === "{}" ? safeLine(tool) : `${safeLine(tool)}  ${text}`;
}
