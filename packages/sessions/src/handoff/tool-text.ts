import { preview } from "../bounds.ts";
import type { PastCall } from "./steps.ts";

/** Characters that are kept of either end. */
const KEEP = 8 * 1024;

/** A call of a tool that the receiving agent does not have, told in words. */
export function callAsText({ originalTool, input, result }: PastCall): string {
  const outcome = result.isError ? "It failed" : "Result";
  return [
    `[Earlier in this conversation the tool ${originalTool} was used, which is not available here.]`,
    `Input: ${preview(JSON.stringify(input), KEEP)}`,
    `${outcome}: ${preview(result.output, KEEP)}`,
  ].join("\n");
}

/** What stands in a prompt's place where the history begins with something else. */
export const BEGINNING = "[What came before is not in this history.]";

export function summaryAsText(summary: string): string {
  return `[The conversation so far was summarised:]\n\n${summary}`;
}
