import type { NativeDelta } from "../normalised.ts";
import type { Output } from "../output.ts";
import type { ToolContent } from "./updates.ts";

/** A call as it is known so far. */
export interface AcpCall {
  /** Unique in the session: agents number their calls as they like. */
  readonly callId: string;
  readonly parentCallId: string | undefined;
  title: string;
  name: string | undefined;
  kind: string | undefined;
  input: unknown;
  content: readonly ToolContent[];
  paths: readonly string[];
  rawOutput: unknown;
  /** Output that came in pieces. */
  streamed: string;
  exitCode: number | undefined;
  /** Its row is there. */
  shown: boolean;
  done: boolean;
}

/** A text that is being said. */
export interface OpenText {
  readonly key: string;
  readonly kind: "text" | "thinking";
  readonly messageId: string | undefined;
  text: string;
}

export interface AcpState {
  readonly agent: string;
  readonly keys: Set<string>;
  readonly calls: Map<string, AcpCall>;
  /** By the call under which a sub-agent speaks; the session's own agent under "". */
  readonly texts: Map<string, OpenText>;
  promptId: string;
  /** Numbers what has no id. */
  count: number;
  unknown: number;
  mode: string | undefined;
  title: string | undefined;
}

/** Collects what one update comes to. */
export interface AcpOutput {
  readonly state: AcpState;
  readonly ts: number;
  readonly deltas: NativeDelta[];
  /** Rows of one thread: the session's own, or a sub-agent's. */
  of(parentCallId: string | undefined): Output;
}

export function nextKey(state: AcpState, what: string): string {
  state.count += 1;
  return `${state.promptId}:${what}${String(state.count)}`;
}
