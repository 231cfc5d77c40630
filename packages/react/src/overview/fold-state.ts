import type { Change, ChangedFile, CommandRun, ToolSpan, Turn } from "./overview.ts";

/** How many of each are kept: the newest. */
export interface Limits {
  readonly turns: number;
  readonly toolsOfTurn: number;
  /** Over all turns. */
  readonly tools: number;
  readonly commands: number;
  readonly files: number;
  readonly changesOfFile: number;
}

export type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type TurnDraft = Omit<Writable<Turn>, "tools"> & { tools: Writable<ToolSpan>[] };
export type FileDraft = Omit<Writable<ChangedFile>, "changes"> & { changes: Change[] };

/** A call without a result so far. */
export interface OpenCall {
  readonly span: Writable<ToolSpan> | undefined;
  readonly command: Writable<CommandRun> | undefined;
}

/** The overview while it is being made. */
export interface OverviewState {
  readonly limits: Limits;
  readonly turns: TurnDraft[];
  turnsLeftOut: number;
  readonly commands: Writable<CommandRun>[];
  commandsLeftOut: number;
  readonly files: Map<string, FileDraft>;
  filesLeftOut: number;
  /** Kept over all turns. */
  tools: number;
  rows: number;
  /** Turns begun so far. */
  count: number;
  /** Of the turn that is open. */
  runId: string | undefined;
  readonly open: Map<string, OpenCall>;
}

export function newState(limits: Limits): OverviewState {
  return {
    limits,
    turns: [],
    turnsLeftOut: 0,
    commands: [],
    commandsLeftOut: 0,
    files: new Map(),
    filesLeftOut: 0,
    tools: 0,
    rows: 0,
    count: 0,
    runId: undefined,
    open: new Map(),
  };
}
