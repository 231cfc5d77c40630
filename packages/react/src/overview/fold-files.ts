import type { FileChange } from "@skein/sessions";
import type { LogRow } from "../log-window.ts";
import type { FileDraft, OverviewState } from "./fold-state.ts";
import { currentTurn } from "./fold-turns.ts";

export function addChange(state: OverviewState, entry: LogRow, { path, kind, diff }: FileChange): void {
  const { files, limits } = state;
  const turn = currentTurn(state, entry).number;
  const file: FileDraft = files.get(path) ?? { path, changes: [], changesLeftOut: 0 };
  // Those that were changed last stand at the end.
  files.delete(path);
  files.set(path, file);
  file.changes.push({ row: entry.row.key, position: entry.position, turn, kind, ...amounts(diff ?? "") });
  if (file.changes.length > limits.changesOfFile) {
    file.changes.shift();
    file.changesLeftOut += 1;
  }
  const [oldest] = files.keys();
  if (files.size > limits.files && oldest !== undefined) {
    files.delete(oldest);
    state.filesLeftOut += 1;
  }
}

function amounts(diff: string): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  let inHunk = false;
  for (let at = 0; at < diff.length;) {
    const sign = diff[at];
    if (sign === "@") inHunk = true;
    else if (inHunk && sign === "+") added += 1;
    else if (inHunk && sign === "-") removed += 1;
    const end = diff.indexOf("\n", at);
    if (end < 0) break;
    at = end + 1;
  }
  return { added, removed };
}
