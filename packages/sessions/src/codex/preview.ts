import { shorten } from "../claude/preview.ts";
import { idIn, partsOf, readRollout, textIn } from "./records.ts";
import { isContext } from "./said.ts";

/** What a list of sessions shows of a rollout, gathered from some of its lines. */
export interface RolloutPreview {
  id: string | undefined;
  firstPrompt: string | undefined;
  cwd: string | undefined;
  gitBranch: string | undefined;
  model: string | undefined;
  version: string | undefined;
  title: string | undefined;
  /** The thread of a sub-agent: part of another session. */
  subAgent: boolean;
  messages: number;
}

export function emptyRolloutPreview(): RolloutPreview {
  return {
    id: undefined,
    firstPrompt: undefined,
    cwd: undefined,
    gitBranch: undefined,
    model: undefined,
    version: undefined,
    title: undefined,
    subAgent: false,
    messages: 0,
  };
}

export function addToRolloutPreview(preview: RolloutPreview, raw: unknown): void {
  const record = readRollout(raw);
  if (record === undefined) return;
  const { kind, type, payload } = record;
  if (kind === "meta" && preview.id === undefined) {
    const { source, git } = payload;
    preview.id = idIn(payload, "id", "session_id");
    preview.cwd = textIn(payload, "cwd");
    preview.version = textIn(payload, "cli_version");
    preview.subAgent = typeof source === "object" && source !== null && "subagent" in source;
    if (typeof git === "object" && git !== null) preview.gitBranch = textIn({ ...git }, "branch");
  }
  if (kind === "turn-context") {
    preview.model = textIn(payload, "model") ?? preview.model;
    preview.cwd = preview.cwd ?? textIn(payload, "cwd");
  }
  if (type === "thread_name_updated") preview.title = textIn(payload, "thread_name") ?? preview.title;
  const prompt = promptIn(kind, type, payload);
  if (prompt !== undefined && prompt.trim() !== "") preview.firstPrompt = preview.firstPrompt ?? shorten(prompt);
  if (kind === "item" && (type === "message" || type.endsWith("_output"))) preview.messages++;
}

function promptIn(kind: string, type: string, payload: Readonly<Record<string, unknown>>): string | undefined {
  if (kind === "event" && type === "user_message") return textIn(payload, "message");
  const { item } = payload;
  const completed = kind === "event" && type === "item_completed" && typeof item === "object" && item !== null;
  if (completed && "type" in item && item.type === "UserMessage" && "content" in item) return wordsOf(item.content);
  if (kind === "item" && type === "message" && payload["role"] === "user") return wordsOf(payload["content"]);
  return undefined;
}

function wordsOf(content: unknown): string {
  const texts = partsOf(content).map((part) => part?.text ?? "");
  return texts.filter((text) => text.trim() !== "" && !isContext(text)).join("\n");
}
