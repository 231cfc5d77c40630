import { z } from "zod";
import { diffTexts, parseUnifiedDiff, type DiffLine } from "./line-diff.ts";

/** What a call changes in one file, from the change that was recorded or from what the call asked for. Pure. */
export interface FileDiff {
  readonly path: string;
  readonly lines: readonly DiffLine[];
}

export interface RecordedChange {
  readonly path: string;
  readonly kind: "add" | "edit" | "delete" | "rename";
  readonly diff?: string | undefined;
  readonly movedTo?: string | undefined;
}

const edit = z.object({ old_string: z.string(), new_string: z.string() });
const edits = z.object({ edits: z.array(edit) });

export function recordedDiffs(changes: readonly RecordedChange[]): FileDiff[] {
  return changes.map(({ path, movedTo, diff, kind }) => ({
    path: movedTo === undefined ? path : `${path} → ${movedTo}`,
    lines: diff === undefined ? (kind === "delete" ? [{ kind: "gap", text: "" }] : []) : parseUnifiedDiff(diff),
  }));
}

/** What an edit or a write will do, if its input is one that we know. Line numbers of an edit are not known from it. */
export function askedDiff(input: Readonly<Record<string, unknown>>): readonly DiffLine[] | undefined {
  const several = edits.safeParse(input);
  if (several.success) {
    return several.data.edits.flatMap(({ old_string, new_string }, index) => [
      ...(index > 0 ? [{ kind: "gap" as const, text: "" }] : []),
      ...unnumbered(diffTexts(old_string, new_string)),
    ]);
  }
  const one = edit.safeParse(input);
  if (one.success) return unnumbered(diffTexts(one.data.old_string, one.data.new_string));
  const content = input["content"] ?? input["new_source"];
  return typeof content === "string" ? diffTexts("", content.replace(/\n$/, "")) : undefined;
}

function unnumbered(lines: readonly DiffLine[]): DiffLine[] {
  return lines.map(({ kind, text }) => ({ kind, text }));
}
