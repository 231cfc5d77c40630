import { boundText, TEXT_LIMIT } from "../bounds.ts";
import type { Output } from "../output.ts";
import { imageOf } from "./results.ts";
import type { CodexState, Heard, PendingPrompt } from "./state.ts";
import { turnOfPrompt } from "./turns.ts";

/**
 * A rollout says most things twice: as the item that goes to the model, and as an event for the screen. Which comes
 * first differs, and older or hand-made files have only one. What is heard first waits until the other comes, or until
 * the turn moves on; so each is shown once, and nothing is lost.
 */

/** Parts of the first user message that tell the model of its surroundings. */
const CONTEXT =
  /^\s*(?:# AGENTS\.md instructions\b|<(environment_context|user_instructions|recommended_plugins|permissions|app-context|collaboration_mode|skills?_instructions|skill|plugins_instructions|apps_instructions|personality_spec|model_switch|turn_aborted|subagent_notification|multi_agent_mode|INSTRUCTIONS|user_shell_command|image)\b)/;
/** Anything wrapped as a whole in one tag: nobody types that. */
const WRAPPED = /^\s*<([A-Za-z][\w-]{2,60})(?:\s[^>]{0,200})?>[\s\S]*<\/\1>\s*$/;

export function isContext(text: string): boolean {
  return CONTEXT.test(text) || WRAPPED.test(text) || /^\s*<\/image>\s*$/.test(text);
}

/** Shows a prompt. The event that tells of it has the id that it was given, if any. */
export function showPrompt(state: CodexState, output: Output, prompt: PendingPrompt, id?: string): void {
  flushHeard(state, output);
  const turn = turnOfPrompt(state, output, prompt.turnId);
  const named = turn.id === undefined ? prompt.key : `${turn.id}:prompt${turn.prompts > 1 ? `:${turn.prompts}` : ""}`;
  const key = id ?? named;
  turn.anchor ??= key;
  const attachments = prompt.images.map((url) => imageOf(url, output.sink));
  output.row(
    key,
    {
      v: 1,
      type: "user_message",
      ...boundText(prompt.text, TEXT_LIMIT, output.sink),
      ...(attachments.length === 0 ? {} : { attachments }),
    },
    { ts: prompt.ts },
  );
}

/** A user's item that no event followed: in files without events it is the prompt itself. */
export function flushPending(state: CodexState, output: Output): void {
  const { pending } = state;
  if (pending === undefined) return;
  state.pending = undefined;
  showPrompt(state, output, pending);
}

const MAX_HEARD = 200;

export function hear(state: CodexState, output: Output, heard: Heard): void {
  const { id, text } = heard;
  // The item came first.
  if (id !== undefined && state.keys.has(heard.key)) return;
  if (text.trim() === "") return;
  state.heard.push(heard);
  if (state.heard.length > MAX_HEARD) flushHeard(state, output);
}

/** The item says what was heard: it need not be said again. */
export function settleHeard(state: CodexState, kind: Heard["kind"], id: string | undefined, text: string): void {
  const kept = state.heard.filter((heard) => {
    if (heard.kind !== kind) return true;
    if (heard.id !== undefined && heard.id === id) return false;
    return kind === "assistant" ? heard.text !== text : !text.includes(heard.text);
  });
  // Of two that are the same, one is settled.
  const settled = state.heard.filter((heard) => !kept.includes(heard));
  const twice = kind === "assistant" ? settled.slice(1) : [];
  state.heard.splice(0, state.heard.length, ...kept, ...twice);
}

/** Shows what was heard and never came as an item. */
export function flushHeard(state: CodexState, output: Output): void {
  for (const { kind, key, ts, text, phase } of state.heard.splice(0)) {
    const bounded = boundText(text, TEXT_LIMIT, output.sink);
    if (kind === "thinking") output.row(key, { v: 1, type: "thinking", summary: bounded.text, text: null }, { ts });
    else
      output.row(
        key,
        { v: 1, type: "assistant_message", ...bounded, ...(phase === undefined ? {} : { phase }) },
        { ts },
      );
    if (state.turn !== undefined) state.turn.last = "answer";
  }
}

export function phaseOf(phase: unknown): "commentary" | "final" | undefined {
  if (phase === "commentary") return "commentary";
  return phase === "final_answer" || phase === "final" ? "final" : undefined;
}
