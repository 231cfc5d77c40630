/** A call whose result may still come. */
export interface CodexCall {
  /** Of its row; the rows about it are keyed by it. */
  readonly key: string;
  readonly name: string;
  readonly title: string | undefined;
}

export interface CodexTurn {
  /** The agent's id of it, where it has one. */
  readonly id: string | undefined;
  /** The key of the prompt that began it. */
  anchor: string | undefined;
  last: "nothing" | "answer" | "call";
  failed: boolean;
  prompts: number;
  readonly openCalls: Set<string>;
  readonly totalsBefore: Totals | undefined;
}

export interface Totals {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly written: number;
  readonly reasoning: number;
  readonly context: number | undefined;
  readonly window: number | undefined;
}

/** Said in an event; the item that says it again, with an id, is expected behind it. */
export interface Heard {
  readonly kind: "assistant" | "thinking";
  readonly key: string;
  readonly ts: number;
  readonly id: string | undefined;
  readonly text: string;
  readonly phase: "commentary" | "final" | undefined;
}

/** Grows with the number of rows (their keys), never with what they hold. */
export interface CodexState {
  readonly keys: Set<string>;
  readonly calls: Map<string, CodexCall>;
  /** Exit codes and failures that an event told before the result came. */
  readonly exits: Map<string, number>;
  readonly heard: Heard[];
  /** A user's message that waits for the event that tells it is a prompt, and its id. */
  pending: PendingPrompt | undefined;
  thread: string | undefined;
  /** The thread whose file is being read: another one for history that was forked by reference. */
  source: string | undefined;
  /** Records so far: names those that have no id. */
  count: number;
  turn: CodexTurn | undefined;
  totals: Totals | undefined;
  model: string | undefined;
  title: string | undefined;
  titles: number;
  errors: number;
  ts: number;
}

export interface PendingPrompt {
  readonly key: string;
  readonly ts: number;
  readonly turnId: string | undefined;
  readonly text: string;
  readonly images: readonly string[];
}

export function initialCodexState(): CodexState {
  return {
    keys: new Set(),
    calls: new Map(),
    exits: new Map(),
    heard: [],
    pending: undefined,
    thread: undefined,
    source: undefined,
    count: 0,
    turn: undefined,
    totals: undefined,
    model: undefined,
    title: undefined,
    titles: 0,
    errors: 0,
    ts: 0,
  };
}

/** The key of what has an id within a turn; ids of calls are the model's and repeat in other turns. */
export function scoped(state: CodexState, turnId: string | undefined, id: string): string {
  return `${turnId ?? state.turn?.id ?? state.thread ?? "thread"}:${id}`;
}

/** The key of what has no id: its place in the rollout, which never changes. */
export function placed(state: CodexState): string {
  return `${state.source ?? state.thread ?? "thread"}:${state.count}`;
}
