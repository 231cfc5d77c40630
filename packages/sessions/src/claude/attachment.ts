import { z } from "zod";
import { boundText, boundValue, TEXT_LIMIT } from "../bounds.ts";
import type { Attachment } from "../events.ts";
import { attachmentOf } from "./content.ts";
import { CONTEXT_ATTACHMENTS, NOTICE_ATTACHMENTS } from "./ignored.ts";
import { blocksOf, type NativeRecord, textOf } from "./records.ts";
import { type Outcome, type Output, skip } from "../output.ts";
import { type ClaudeState } from "./state.ts";
import { showTaskNotification } from "./tool-result.ts";
import { readUserText } from "./user-text.ts";

const text = z.string().optional().catch(undefined);
const attachment = z.looseObject({ type: z.string() });
const queued = z.looseObject({
  prompt: z.union([z.string(), z.array(z.unknown())]),
  source_uuid: z.string().min(1).max(200).optional().catch(undefined),
  isMeta: z.boolean().optional().catch(undefined),
});
const hook = z.looseObject({ content: text, message: text, stderr: text, blockingError: z.unknown().optional() });
const rendered = z.array(z.looseObject({ content: z.string() }));

/** An `attachment` record: something put into the conversation beside what was typed. Most of it only the model needs. */
export function normaliseAttachment(state: ClaudeState, output: Output, id: string, record: NativeRecord): Outcome {
  const parsed = attachment.safeParse(record.raw["attachment"]);
  const type = parsed.success ? parsed.data.type : "";
  const value = parsed.success ? parsed.data : undefined;
  if (type === "queued_command") {
    const prompt = queued.safeParse(value);
    if (prompt.success) return showQueued(state, output, prompt.data.source_uuid ?? id, prompt.data);
  }
  if (CONTEXT_ATTACHMENTS.has(type)) return skip("context", type);
  if (NOTICE_ATTACHMENTS.has(type)) return showNotice(output, id, type, value);
  const shown = rendered.safeParse(record.raw["rendered"]);
  const onlyReminders = shown.success && shown.data.every((part) => readUserText(part.content).kind === "context");
  if (shown.success && shown.data.length > 0 && onlyReminders) return skip("context", type.slice(0, 100));
  output.row(id, { v: 1, type: "unknown", agent: "claude", raw: boundValue(record.raw) });
  return undefined;
}

/** A prompt that was typed while the agent worked and given to it on the way: part of the turn that was running. */
function showQueued(state: ClaudeState, output: Output, key: string, prompt: z.infer<typeof queued>): Outcome {
  const words: string[] = [];
  const attachments: Attachment[] = [];
  for (const block of blocksOf(prompt.prompt)) {
    const text = textOf(block);
    const source = block === undefined ? undefined : attachmentOf(block, output.sink);
    if (text !== undefined) words.push(text);
    else if (source !== undefined) attachments.push(source);
  }
  const read = readUserText(words.join("\n"));
  if (read.kind === "task") {
    showTaskNotification(state, output, key, read.task);
    return undefined;
  }
  if (prompt.isMeta === true || read.kind === "context") return skip("meta");
  const said = "text" in read ? read.text : words.join("\n");
  if (said.trim() === "" && attachments.length === 0) return skip("empty");
  if (read.kind !== "prompt") {
    output.row(key, { v: 1, type: "notice", kind: "command", text: boundText(said, TEXT_LIMIT, output.sink).text });
    return undefined;
  }
  output.row(key, {
    v: 1,
    type: "user_message",
    ...boundText(said, TEXT_LIMIT, output.sink),
    ...(attachments.length === 0 ? {} : { attachments }),
  });
  return undefined;
}

function showNotice(output: Output, id: string, type: string, value: unknown): Outcome {
  const parsed = hook.safeParse(value);
  const said = parsed.success ? (parsed.data.content ?? parsed.data.message ?? parsed.data.stderr ?? "") : "";
  if (type !== "max_turns_reached" && said.trim() === "") return skip("hook", type);
  const text = type === "max_turns_reached" ? "The limit of turns was reached." : said.trim();
  output.row(id, { v: 1, type: "notice", kind: "hook", text: boundText(text, TEXT_LIMIT, output.sink).text });
  return undefined;
}
