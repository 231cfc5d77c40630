import type { FileChange, Usage } from "../events.ts";
import type { CodingSessionTranscriptRow } from "../resource.ts";

/**
 * Two sessions that began as one, side by side: what they have in common, and what each did since. Pure, and over rows
 * only, so that it can be asked anywhere.
 */
export interface SessionComparison {
  readonly common: {
    readonly rows: number;
    /** Turns that had ended by then. */
    readonly turns: number;
    /** The key of the last row that both have; absent when they have none. */
    readonly lastKey?: string;
  };
  readonly a: SessionSide;
  readonly b: SessionSide;
  /** Every file that either changed since, as its rows tell. */
  readonly files: readonly {
    readonly path: string;
    readonly a?: FileChange["kind"];
    readonly b?: FileChange["kind"];
  }[];
}

export interface SessionSide {
  readonly turns: readonly TurnSummary[];
  readonly usage: Usage;
  /** Of its last turn; `none` when it did nothing since. */
  readonly outcome: TurnSummary["outcome"] | "none";
}

export interface TurnSummary {
  /** The key of the prompt's row. */
  readonly key: string;
  readonly prompt: string;
  readonly actor?: string;
  readonly outcome: "completed" | "failed" | "aborted" | "open";
  /** The agent's last words. */
  readonly answer?: string;
  /** How often each tool was called. */
  readonly tools: Readonly<Record<string, number>>;
  readonly files: readonly { readonly path: string; readonly kind: FileChange["kind"] }[];
  readonly usage?: Usage;
  readonly durationMs?: number;
}

export interface CompareOptions {
  /** The directories in which they work: what lies below is shown without them, so that the same file is the same. */
  readonly roots?: { readonly a?: string; readonly b?: string };
}

type Row = CodingSessionTranscriptRow;

export function compareSessions(a: readonly Row[], b: readonly Row[], options: CompareOptions = {}): SessionComparison {
  let shared = 0;
  while (shared < a.length && a[shared]?.key === b[shared]?.key && a[shared] !== undefined) shared += 1;
  const lastKey = a[shared - 1]?.key;
  const [ofA, ofB] = [sideOf(a.slice(shared), options.roots?.a), sideOf(b.slice(shared), options.roots?.b)];
  const [filesA, filesB] = [filesOf(ofA), filesOf(ofB)];
  const paths = [...new Set([...filesA.keys(), ...filesB.keys()])].sort();
  return {
    common: { rows: shared, turns: a.slice(0, shared).filter(isEnd).length, ...(lastKey !== undefined && { lastKey }) },
    a: ofA,
    b: ofB,
    files: paths.map((path) => {
      const [inA, inB] = [filesA.get(path), filesB.get(path)];
      return { path, ...(inA !== undefined && { a: inA }), ...(inB !== undefined && { b: inB }) };
    }),
  };
}

const isEnd = ({ type }: Row): boolean => type === "turn_complete" || type === "turn_aborted";

/** What was done from a row on. What stands in front of the first prompt is of nobody's turn. */
export function sideOf(rows: readonly Row[], root?: string): SessionSide {
  const turns: TurnSummary[] = [];
  let open: Row[] = [];
  for (const row of rows) {
    if (open.length === 0 && (row.payload.type !== "user_message" || row.parentCallId !== undefined)) continue;
    open.push(row);
    if (!isEnd(row)) continue;
    turns.push(turnOf(open, root));
    open = [];
  }
  if (open.length > 0) turns.push(turnOf(open, root));
  return { turns, usage: totalOf(turns), outcome: turns.at(-1)?.outcome ?? "none" };
}

function turnOf(rows: readonly Row[], root: string | undefined): TurnSummary {
  const [prompt] = rows;
  const tools: Record<string, number> = {};
  const files = new Map<string, FileChange["kind"]>();
  let answer: string | undefined;
  let end: Pick<TurnSummary, "outcome" | "usage" | "durationMs"> = { outcome: "open" };
  for (const { payload, parentCallId } of rows) {
    if (payload.type === "assistant_message" && parentCallId === undefined) answer = payload.text;
    if (payload.type === "tool_call") {
      tools[payload.tool] = (tools[payload.tool] ?? 0) + 1;
      for (const { path, kind } of filesIn(payload.tool, payload.input)) note(files, below(path, root), kind);
    }
    if (payload.type === "file_change") {
      for (const { path, kind } of payload.changes) note(files, below(path, root), kind);
    }
    if (payload.type === "turn_aborted") end = { outcome: "aborted" };
    if (payload.type === "turn_complete") {
      const { success = true, usage, durationMs } = payload;
      end = {
        outcome: success ? "completed" : "failed",
        ...(usage !== undefined && { usage }),
        ...(durationMs !== undefined && { durationMs }),
      };
    }
  }
  return {
    key: prompt?.key ?? "",
    prompt: prompt?.payload.type === "user_message" ? prompt.payload.text : "",
    ...(prompt?.actor !== undefined && { actor: prompt.actor }),
    ...(answer !== undefined && { answer }),
    tools,
    files: [...files].map(([path, kind]) => ({ path, kind })),
    ...end,
  };
}

/** Of agents that tell of changed files only by the tools that they call. */
function filesIn(tool: string, input: Readonly<Record<string, unknown>>): { path: string; kind: FileChange["kind"] }[] {
  if (tool !== "file_edit" && tool !== "file_write") return [];
  const path = input["file_path"] ?? input["path"] ?? input["notebook_path"];
  return typeof path === "string" ? [{ path, kind: "edit" }] : [];
}

/** A change that a row tells of weighs more than a tool's guess, and what was added stays added. */
function note(files: Map<string, FileChange["kind"]>, path: string, kind: FileChange["kind"]): void {
  const before = files.get(path);
  if (before === undefined || kind !== "edit") files.set(path, kind);
}

function below(path: string, root: string | undefined): string {
  return root !== undefined && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

function filesOf({ turns }: SessionSide): Map<string, FileChange["kind"]> {
  const files = new Map<string, FileChange["kind"]>();
  for (const turn of turns) for (const { path, kind } of turn.files) note(files, path, kind);
  return files;
}

const SUMMED = [
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningOutputTokens",
  "costUsd",
] as const;

function totalOf(turns: readonly TurnSummary[]): Usage {
  const total: Usage = {};
  for (const { usage } of turns) {
    for (const name of SUMMED) {
      const value = usage?.[name];
      if (value !== undefined) total[name] = (total[name] ?? 0) + value;
    }
  }
  return total;
}
