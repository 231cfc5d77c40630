import type { InboxRow } from "@skein/protocol";
import { coderInbox } from "@skein/sessions";
import type { PromptAttachment } from "@skein/sessions";
import { z } from "zod";

/** The coder's queue, read from its inbox: prompts run one at a time in the order of the log. */
export interface InboxEntry {
  readonly row: InboxRow;
  /** The position in the log behind the row, in the form that sorts as text. */
  readonly offset: string;
}

export interface QueuedPrompt {
  readonly kind: "prompt";
  readonly key: string;
  readonly text: string;
  readonly attachments?: readonly PromptAttachment[] | undefined;
  /** Who asked: stamped by the server. */
  readonly actor: string;
  readonly offset: string;
}

/** A message that cannot be run: said so in the transcript, once. */
export interface UnreadableMessage {
  readonly kind: "unreadable";
  readonly key: string;
  readonly actor: string;
  readonly reason: string;
  readonly offset: string;
}

/** The files are to be taken back, between the turns before and behind it. */
export interface RewindOrder {
  readonly kind: "rewind";
  readonly key: string;
  readonly actor: string;
  readonly offset: string;
  readonly turn: string;
  readonly edge: "start" | "end";
}

/** What a fork did is to be brought here. */
export interface BringBackOrder {
  readonly kind: "bring_back";
  readonly key: string;
  readonly actor: string;
  readonly offset: string;
  /** The fork's session. */
  readonly session: string;
  readonly what: "files" | "summary";
}

export interface QueuePlan {
  readonly next: QueuedPrompt | RewindOrder | BringBackOrder | UnreadableMessage | undefined;
  /** What needs nothing more before it: cancelled prompts, edits, answers. */
  readonly passed: { readonly key: string; readonly offset: string } | undefined;
}

const untyped = z.looseObject({ text: z.string() });
const CONTROL: ReadonlySet<string> = new Set([
  "permission_response",
  "answer",
  "edit_prompt",
  "cancel_prompt",
  "catch_up",
  "set_mode",
  "set_model",
]);

/** What to do next, of the entries behind the cursor. */
export function planQueue(entries: readonly InboxEntry[]): QueuePlan {
  const changes = readChanges(entries);
  let passed: QueuePlan["passed"];
  for (const { row, offset } of entries) {
    const change = changes.get(row.key);
    if (CONTROL.has(row.type ?? "") || change?.kind === "cancelled") {
      passed = { key: row.key, offset };
      continue;
    }
    const head = { key: row.key, actor: row.from, offset };
    const order = readOrder(row);
    if (order !== undefined) return { next: { ...head, ...order }, passed };
    const read = readPrompt(row);
    if (read.kind === "unreadable") return { next: { ...head, ...read }, passed };
    return { next: { ...head, ...read, text: change?.text ?? read.text }, passed };
  }
  return { next: undefined, passed };
}

type Order = Pick<RewindOrder, "kind" | "turn" | "edge"> | Pick<BringBackOrder, "kind" | "session" | "what">;

/** What is done between turns and is no prompt. */
function readOrder({ type, payload }: InboxRow): Order | undefined {
  if (type === "rewind") {
    const rewind = coderInbox.rewind.safeParse(payload);
    return rewind.success ? { kind: "rewind", ...rewind.data } : undefined;
  }
  if (type !== "bring_back") return undefined;
  const bringBack = coderInbox.bring_back.safeParse(payload);
  return bringBack.success ? { kind: "bring_back", ...bringBack.data } : undefined;
}

type Change =
  | { readonly kind: "edited"; readonly text: string }
  | { readonly kind: "cancelled"; readonly text?: never };

/** Edits and cancellations of prompts that came before them and have not begun. The last word on a prompt holds. */
function readChanges(entries: readonly InboxEntry[]): ReadonlyMap<string, Change> {
  const queued = new Set<string>();
  const changes = new Map<string, Change>();
  for (const { row } of entries) {
    if (row.type === "edit_prompt") {
      const edit = coderInbox.edit_prompt.safeParse(row.payload);
      if (edit.success && queued.has(edit.data.key) && changes.get(edit.data.key)?.kind !== "cancelled") {
        changes.set(edit.data.key, { kind: "edited", text: edit.data.text });
      }
    } else if (row.type === "cancel_prompt") {
      const cancel = coderInbox.cancel_prompt.safeParse(row.payload);
      if (cancel.success && queued.has(cancel.data.key)) changes.set(cancel.data.key, { kind: "cancelled" });
    } else queued.add(row.key);
  }
  return changes;
}

/** Words for the turn that runs are a prompt of their own once it is over. */
const PROMPTS: ReadonlySet<string> = new Set(["prompt", "steer"]);

type ReadPrompt = Pick<QueuedPrompt, "kind" | "text" | "attachments"> | Pick<UnreadableMessage, "kind" | "reason">;

export function readPrompt(row: InboxRow): ReadPrompt {
  if (row.type !== undefined && !PROMPTS.has(row.type)) {
    return { kind: "unreadable", reason: `A coder takes no messages of the type “${row.type}”.` };
  }
  // Clients of the original send prompts without a type, so the server has not looked at them.
  const schema = row.type !== undefined ? coderInbox.prompt : untyped.pipe(coderInbox.prompt);
  const parsed = schema.safeParse(row.payload);
  if (parsed.success) return { kind: "prompt", ...parsed.data };
  return {
    kind: "unreadable",
    reason: "The message is not a prompt: it needs a text that is neither empty nor too long.",
  };
}
