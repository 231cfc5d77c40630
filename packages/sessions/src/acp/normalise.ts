import { boundValue } from "../bounds.ts";
import type { NativeDelta, Normalised } from "../normalised.ts";
import { createOutput, type Outcome, type Output, skip } from "../output.ts";
import { parentOf, shownCall, showCall, showCalls, updateCall } from "./calls.ts";
import { textOf } from "./content.ts";
import { nextKey, type AcpOutput, type AcpState } from "./state.ts";
import { addText, closeTexts } from "./texts.ts";
import * as updates from "./updates.ts";

/**
 * The work of an agent that speaks ACP, as rows and deltas. There is no file to read it from later: keys follow from
 * the prompt and the order in which things came.
 */
export interface AcpNormaliser {
  /** The prompt that updates belong to from now on. */
  begin(promptId: string): void;
  /** One `session/update`. */
  push(update: unknown, at: { readonly ts: number }): Normalised;
  /** What a permission is asked for, with the rows that stand before the request. */
  asked(toolCall: unknown, at: { readonly ts: number }): { readonly normalised: Normalised; readonly call?: AskedCall };
  /** Calls that were announced and whose input may still have been coming: they are as they are. */
  settle(at: { readonly ts: number }): Normalised;
  /** The turn is over: what was being said is said. */
  end(at: { readonly ts: number }): Normalised;
  /** Calls that are known, and not yet shown. */
  hasUnshown(): boolean;
  /** What the agent told of its context and cost. `costUsd` is the session's. */
  readonly told: { readonly contextTokens?: number; readonly contextWindow?: number; readonly costUsd?: number };
}

export interface AskedCall {
  readonly callId: string;
  readonly title: string;
  readonly kind: string | undefined;
  readonly tool: string;
  readonly originalTool: string;
  readonly input: Record<string, unknown>;
}

/** Rows of one turn that we do not understand: a few are worth showing. */
const MAX_UNKNOWN = 100;

export function createAcpNormaliser({ agent }: { readonly agent: string }): AcpNormaliser {
  const state: AcpState = {
    agent,
    keys: new Set(),
    calls: new Map(),
    texts: new Map(),
    promptId: "session",
    count: 0,
    unknown: 0,
    mode: undefined,
    title: undefined,
  };
  let told: AcpNormaliser["told"] = {};

  function collect(ts: number, run: (out: AcpOutput) => Outcome): Normalised {
    const outputs = new Map<string, Output>();
    const deltas: NativeDelta[] = [];
    const inOrder: Output[] = [];
    const of = (parentCallId: string | undefined): Output => {
      const found = outputs.get(parentCallId ?? "") ?? createOutput(state, ts, parentCallId);
      if (!outputs.has(parentCallId ?? "")) inOrder.push(found);
      outputs.set(parentCallId ?? "", found);
      return found;
    };
    const skipped = run({ state, ts, deltas, of });
    const rows = inOrder.flatMap((output) => output.rows);
    const blobs = inOrder.flatMap((output) => output.blobs);
    return { rows, deltas, blobs, ...(skipped === undefined || rows.length + deltas.length > 0 ? {} : { skipped }) };
  }

  return {
    begin(promptId) {
      state.promptId = promptId;
      state.count = 0;
      state.unknown = 0;
      state.calls.clear();
      state.texts.clear();
    },
    push: (update, { ts }) =>
      collect(ts, (out) => {
        const usage = updates.sessionUpdate.safeParse(update).data?.sessionUpdate === "usage_update";
        const read = usage ? updates.usageUpdate.safeParse(update) : undefined;
        if (read?.success !== true) return pushUpdate(out, update);
        told = usageOf(told, read.data);
        return skip("usage");
      }),
    asked(toolCall, { ts }) {
      const parsed = updates.toolUpdate.safeParse(toolCall);
      if (!parsed.success) return { normalised: collect(ts, () => skip("empty")) };
      let call: AskedCall | undefined;
      const normalised = collect(ts, (out) => {
        const known = updateCall(out, { ...parsed.data, status: undefined });
        showCall(out, known);
        call = { callId: known.callId, title: known.title, kind: known.kind, ...shownCall(known) };
        return skip("live-status");
      });
      return call === undefined ? { normalised } : { normalised, call };
    },
    settle: ({ ts }) =>
      collect(ts, (out) => {
        showCalls(out);
        return skip("live-status");
      }),
    end: ({ ts }) =>
      collect(ts, (out) => {
        closeTexts(out);
        showCalls(out);
        return skip("live-outcome");
      }),
    hasUnshown: () => [...state.calls.values()].some(({ shown }) => !shown),
    get told() {
      return told;
    },
  };
}

function usageOf(
  before: AcpNormaliser["told"],
  { used, size, cost }: { used: number; size: number; cost?: { amount: number; currency: string } | null | undefined },
): AcpNormaliser["told"] {
  const costUsd = cost?.currency === "USD" ? cost.amount : before.costUsd;
  return { contextTokens: used, contextWindow: size, ...(costUsd === undefined ? {} : { costUsd }) };
}

function pushUpdate(out: AcpOutput, update: unknown): Outcome {
  const head = updates.sessionUpdate.safeParse(update);
  if (!head.success) return unknown(out, update);
  switch (head.data.sessionUpdate) {
    case "agent_message_chunk":
    case "agent_thought_chunk": {
      const parsed = updates.chunk.safeParse(update);
      if (!parsed.success) return unknown(out, update);
      const kind = head.data.sessionUpdate === "agent_message_chunk" ? "text" : "thinking";
      showCalls(out);
      addText(out, kind, parsed.data, parentOf(out.state, parsed.data._meta));
      return skip("empty");
    }
    case "tool_call":
    case "tool_call_update": {
      const parsed = updates.toolUpdate.safeParse(update);
      if (!parsed.success) return unknown(out, update);
      updateCall(out, parsed.data);
      return skip("live-status");
    }
    case "user_message_chunk":
      return skip("told-elsewhere");
    case "available_commands_update":
    case "config_option_update":
    case "compaction_summary_chunk":
      return skip("state");
    default:
      return pushState(out, head.data.sessionUpdate, update);
  }
}

function pushState(out: AcpOutput, kind: string, update: unknown): Outcome {
  const { state } = out;
  const output = out.of(undefined);
  switch (kind) {
    case "plan": {
      const parsed = updates.plan.safeParse(update);
      if (!parsed.success) return unknown(out, update);
      const items = parsed.data.entries.map(({ content: text, status }) => ({ text, status: planStatus(status) }));
      output.row(nextKey(state, "plan"), { v: 1, type: "plan", items });
      return undefined;
    }
    case "current_mode_update": {
      const mode = updates.modeUpdate.safeParse(update).data?.currentModeId;
      const before = state.mode;
      state.mode = mode;
      if (mode === undefined || mode === before) return skip("state");
      output.row(nextKey(state, "mode"), {
        v: 1,
        type: "notice",
        kind: "agent_mode",
        text: `The agent's mode: ${mode}`,
      });
      return undefined;
    }
    case "session_info_update": {
      const title = updates.infoUpdate.safeParse(update).data?.title?.trim();
      if (title === undefined || title === "") return skip("state");
      if (title === state.title) return skip("title-repeated");
      state.title = title;
      output.row(nextKey(state, "title"), { v: 1, type: "title", title: title.slice(0, 200) });
      return undefined;
    }
    case "notice": {
      const parsed = updates.notice.safeParse(update);
      if (!parsed.success) return unknown(out, update);
      const { title, description, severity } = parsed.data;
      const text = [title, description ?? ""].filter((part) => part !== "").join("\n");
      output.row(nextKey(state, "notice"), { v: 1, type: "notice", kind: severity, text: text.slice(0, 10_000) });
      return undefined;
    }
    case "compaction_update": {
      const parsed = updates.compaction.safeParse(update);
      if (!parsed.success) return unknown(out, update);
      if (parsed.data.status !== "completed") return skip("live-status");
      const summary = (parsed.data.summary ?? []).map(textOf).join("\n");
      const told = summary === "" ? {} : { summary: summary.slice(0, 64 * 1024) };
      output.row(`${state.promptId}:compaction:${parsed.data.compactionId}`, { v: 1, type: "compaction", ...told });
      return undefined;
    }
    default:
      return unknown(out, update);
  }
}

function planStatus(status: string): "pending" | "in_progress" | "completed" {
  return status === "in_progress" || status === "completed" ? status : "pending";
}

function unknown(out: AcpOutput, update: unknown): Outcome {
  const { state } = out;
  state.unknown += 1;
  if (state.unknown > MAX_UNKNOWN) return skip("state", "more than is worth showing");
  const raw = boundValue(update);
  out.of(undefined).row(nextKey(state, "unknown"), { v: 1, type: "unknown", agent: state.agent, raw });
  return undefined;
}
