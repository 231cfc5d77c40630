import { blocksOf, type NativeRecord, readRecord, textOf } from "./records.ts";
import { readUserText } from "./user-text.ts";

/** What a list of sessions shows of one, gathered from some of its records in any order. */
export interface SessionPreview {
  firstPrompt: string | undefined;
  cwd: string | undefined;
  gitBranch: string | undefined;
  model: string | undefined;
  version: string | undefined;
  customTitle: string | undefined;
  aiTitle: string | undefined;
  summary: string | undefined;
  lastPrompt: string | undefined;
  /** Prompts, answers and results among the records that were seen. */
  messages: number;
}

export function emptyPreview(): SessionPreview {
  return {
    firstPrompt: undefined,
    cwd: undefined,
    gitBranch: undefined,
    model: undefined,
    version: undefined,
    customTitle: undefined,
    aiTitle: undefined,
    summary: undefined,
    lastPrompt: undefined,
    messages: 0,
  };
}

const PROMPT_LENGTH = 500;

/** Adds what a record tells. `part`: records of the head say how it began, those of the tail how it is now. */
export function addToPreview(preview: SessionPreview, raw: unknown, part: "head" | "tail"): void {
  const record = readRecord(raw);
  if (record === undefined || record.isSidechain) return;
  const { raw: fields } = record;
  const text = (name: string) => (typeof fields[name] === "string" && fields[name] !== "" ? fields[name] : undefined);
  preview.customTitle = text("customTitle") ?? preview.customTitle;
  preview.aiTitle = text("aiTitle") ?? preview.aiTitle;
  if (record.type === "summary" && part === "tail") preview.summary = text("summary") ?? preview.summary;
  if (record.type === "last-prompt") preview.lastPrompt = text("lastPrompt") ?? preview.lastPrompt;
  preview.cwd = preview.cwd ?? record.cwd;
  preview.version = record.version ?? preview.version;
  preview.gitBranch = record.gitBranch === undefined || record.gitBranch === "" ? preview.gitBranch : record.gitBranch;
  if (record.type !== "user" && record.type !== "assistant") return;
  preview.messages++;
  const { model } = record.message ?? {};
  if (model !== undefined && model !== "<synthetic>") preview.model = model;
  if (part === "head") preview.firstPrompt = preview.firstPrompt ?? promptOf(record);
}

/** What a person typed, shortened; `undefined` for everything else that is written as a user's words. */
export function promptOf(record: NativeRecord): string | undefined {
  if (record.type !== "user" || record.isMeta || record.isCompactSummary || record.message === undefined)
    return undefined;
  for (const block of blocksOf(record.message.content)) {
    if (block?.type === "tool_result") return undefined;
    const text = textOf(block);
    const read = text === undefined ? undefined : readUserText(text);
    if (read?.kind === "prompt" && read.text.trim() !== "") return shorten(read.text);
  }
  return undefined;
}

export function shorten(text: string, length = PROMPT_LENGTH): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}
