import { boundText, TEXT_LIMIT } from "../bounds.ts";
import { textOf } from "./content.ts";
import { nextKey, type AcpOutput, type OpenText } from "./state.ts";
import type { Chunk } from "./updates.ts";

/** Characters of one message that are kept: what a hostile agent says beyond is not. */
const MAX_TEXT = 4 * 1024 * 1024;

/** A piece of what the agent says or thinks. Another message, or anything else that happens, completes the one before. */
export function addText(out: AcpOutput, kind: OpenText["kind"], chunk: Chunk, parentCallId: string | undefined): void {
  const text = textOf(chunk.content);
  if (text === "") return;
  const { state } = out;
  const thread = parentCallId ?? "";
  const before = state.texts.get(thread);
  const messageId = chunk.messageId ?? undefined;
  const goesOn = before?.kind === kind && (messageId === undefined || before.messageId === messageId);
  if (!goesOn) closeText(out, parentCallId);
  const open = goesOn ? before : { key: nextKey(state, "say"), kind, messageId, text: "" };
  state.texts.set(thread, open);
  const added = text.slice(0, Math.max(0, MAX_TEXT - open.text.length));
  if (added === "") return;
  out.deltas.push({
    key: open.key,
    kind,
    at: open.text.length,
    text: added,
    ...(parentCallId === undefined ? {} : { parentCallId }),
  });
  open.text += added;
}

/** Nothing more comes of what is being said: its row is there. */
export function closeText(out: AcpOutput, parentCallId: string | undefined): void {
  const open = out.state.texts.get(parentCallId ?? "");
  if (open === undefined) return;
  out.state.texts.delete(parentCallId ?? "");
  const output = out.of(parentCallId);
  const said = boundText(open.text, TEXT_LIMIT, output.sink);
  const type = open.kind === "text" ? "assistant_message" : "thinking";
  output.row(open.key, { v: 1, type, ...said }, { liveKey: open.key });
}

export function closeTexts(out: AcpOutput): void {
  for (const thread of out.state.texts.keys()) closeText(out, thread === "" ? undefined : thread);
}
