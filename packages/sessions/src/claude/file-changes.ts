import { z } from "zod";
import { OUTPUT_LIMIT, preview } from "../bounds.ts";
import type { FileChange } from "../events.ts";
import { hasField } from "./records.ts";

const hunk = z.looseObject({
  oldStart: z.number(),
  oldLines: z.number(),
  newStart: z.number(),
  newLines: z.number(),
  lines: z.array(z.string()),
});

/** What Edit, MultiEdit and Write say of what they did. */
const patched = z.looseObject({
  filePath: z.string().min(1),
  structuredPatch: z.array(hunk),
  type: z.string().optional().catch(undefined),
  content: z.string().optional().catch(undefined),
});
const notebook = z.looseObject({ notebook_path: z.string().min(1), new_source: z.string() });

/** The change that a tool's structured result tells of, with a unified diff; `undefined` when it tells of none. */
export function fileChangeOf(toolUseResult: unknown): FileChange | undefined {
  const cells = hasField(toolUseResult, "notebook_path") ? notebook.safeParse(toolUseResult) : undefined;
  if (cells?.success === true) return { path: cells.data.notebook_path, kind: "edit" };
  if (!hasField(toolUseResult, "structuredPatch")) return undefined;
  const parsed = patched.safeParse(toolUseResult);
  if (!parsed.success) return undefined;
  const { filePath, structuredPatch, type, content } = parsed.data;
  if (type === "create") {
    return { path: filePath, kind: "add", diff: bounded(addedFile(filePath, content ?? "")) };
  }
  if (structuredPatch.length === 0) return { path: filePath, kind: "edit" };
  const hunks = structuredPatch.map(
    (h) => `@@ -${h.oldStart},${h.oldLines} +${h.newStart},${h.newLines} @@\n${h.lines.join("\n")}\n`,
  );
  return {
    path: filePath,
    kind: "edit",
    diff: bounded(`--- a${slash(filePath)}\n+++ b${slash(filePath)}\n${hunks.join("")}`),
  };
}

const slash = (path: string) => (path.startsWith("/") ? path : `/${path}`);
const bounded = (diff: string) => (diff.length > OUTPUT_LIMIT ? preview(diff) : diff);

function addedFile(path: string, content: string): string {
  const header = `--- /dev/null\n+++ b${slash(path)}\n`;
  if (content === "") return header;
  const lines = (content.endsWith("\n") ? content.slice(0, -1) : content).split("\n");
  const ending = content.endsWith("\n") ? "" : "\n\\ No newline at end of file";
  return `${header}@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}`).join("\n")}${ending}\n`;
}
