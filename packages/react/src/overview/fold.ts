import type { LogRow } from "../log-window.ts";
import { addCall, addResult, endTurn, takePrompt } from "./fold-turns.ts";
import { addChange } from "./fold-files.ts";
import { newState, type Limits, type OverviewState } from "./fold-state.ts";
import type { Overview } from "./overview.ts";

/**
 * Folds a session's rows, in log order and piece by piece, into its overview. It reads nothing but what it is given:
 * the same rows make the same overview, in however many pieces they come.
 */
export interface OverviewFold {
  readonly add: (rows: readonly LogRow[]) => void;
  /** As far as it has come; the same object while nothing was added. */
  readonly overview: () => Omit<Overview, "info">;
}

export const OVERVIEW_LIMITS: Limits = {
  turns: 2_000,
  toolsOfTurn: 500,
  tools: 20_000,
  commands: 5_000,
  files: 2_000,
  changesOfFile: 200,
};

export function createOverviewFold(limits: Limits = OVERVIEW_LIMITS): OverviewFold {
  const state = newState(limits);
  let made: Omit<Overview, "info"> | undefined;
  return {
    add(entries) {
      for (const entry of entries) {
        state.rows += 1;
        step(state, entry);
        const turn = state.turns.at(-1);
        if (turn?.outcome === "open") turn.to = Math.max(turn.to, entry.row.ts);
      }
      if (entries.length > 0) made = undefined;
    },
    overview() {
      made ??= snapshot(state);
      return made;
    },
  };
}

function step(state: OverviewState, entry: LogRow): void {
  const { payload } = entry.row;
  if (payload.type === "user_message") takePrompt(state, entry, payload.text);
  else if (payload.type === "tool_call") addCall(state, entry, payload);
  else if (payload.type === "tool_result") addResult(state, entry, payload);
  else if (payload.type === "file_change") for (const change of payload.changes) addChange(state, entry, change);
  else if (payload.type === "turn_aborted") endTurn(state, entry, "aborted", {});
  else if (payload.type === "turn_complete") {
    endTurn(state, entry, payload.success === false ? "failed" : "complete", payload);
  }
}

function snapshot(state: OverviewState): Omit<Overview, "info"> {
  return {
    turns: state.turns.map((turn) => ({ ...turn, tools: turn.tools.map((span) => ({ ...span })) })),
    turnsLeftOut: state.turnsLeftOut,
    commands: state.commands.map((run) => ({ ...run })),
    commandsLeftOut: state.commandsLeftOut,
    files: [...state.files.values()].map((file) => ({ ...file, changes: [...file.changes] })),
    filesLeftOut: state.filesLeftOut,
    rows: state.rows,
  };
}
