import { join } from "node:path";
import { z } from "zod";
import { shorten } from "../../claude/preview.ts";
import { addToRolloutPreview, emptyRolloutPreview } from "../../codex/preview.ts";
import { THREAD_ID } from "../../codex/threads.ts";
import {
  type Candidate,
  type Described,
  type Discovery,
  estimate,
  type ListOptions,
  listNewest,
  readEnds,
} from "../discovery.ts";
import { chunksOf, openFile } from "../files.ts";
import { parseLine, readLines } from "../lines.ts";
import { findRollouts } from "./find.ts";

export interface DiscoverCodexOptions extends ListOptions {
  /** Codex's folder, usually `~/.codex`. */
  readonly codexHome: string;
}

/** The Codex sessions of a home folder, newest first; sub-agents' threads belong to another session. */
export async function discoverCodexSessions(options: DiscoverCodexOptions): Promise<Discovery> {
  const { codexHome, signal } = options;
  const names = await threadNames(join(codexHome, "session_index.jsonl"), signal);
  const candidates = await findRollouts(join(codexHome, "sessions"), signal);
  return listNewest(candidates, (candidate) => describe(candidate, names), options);
}

async function describe(candidate: Candidate, names: ReadonlyMap<string, string>): Promise<Described> {
  const { path, size } = candidate;
  if (size === 0) return { path, reason: "empty" };
  const preview = emptyRolloutPreview();
  const read = await readEnds(
    candidate,
    (record) => addToRolloutPreview(preview, record),
    () => preview.firstPrompt !== undefined || preview.subAgent,
  );
  if (read === undefined) return { path, reason: "unreadable" };
  if (preview.id === undefined || !THREAD_ID.test(preview.id)) return { path, reason: "not-a-session" };
  if (preview.subAgent) return { path, reason: "sub-agent" };
  if (preview.firstPrompt === undefined && (read >= size || preview.messages === 0))
    return { path, reason: "no-prompt" };
  const title = preview.title ?? names.get(preview.id);
  return {
    agent: "codex",
    id: preview.id,
    path,
    ...(title === undefined ? {} : { title: shorten(title, 200) }),
    ...(preview.firstPrompt === undefined ? {} : { firstPrompt: preview.firstPrompt }),
    ...(preview.cwd === undefined ? {} : { cwd: preview.cwd }),
    ...(preview.gitBranch === undefined ? {} : { gitBranch: preview.gitBranch }),
    ...(preview.model === undefined ? {} : { model: preview.model }),
    ...(preview.version === undefined ? {} : { agentVersion: preview.version }),
    updatedAt: Math.round(candidate.mtimeMs),
    sizeBytes: size,
    messages: estimate(preview.messages, read, size),
  };
}

const named = z.looseObject({ id: z.string(), thread_name: z.string().min(1) });
const MAX_NAMES = 20_000;

/** Names that people gave; the last of a thread counts. */
async function threadNames(path: string, signal: AbortSignal | undefined): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const handle = await openFile(path);
  if (handle === undefined) return names;
  try {
    for await (const line of readLines(chunksOf(handle, signal), { maxLineBytes: 64 * 1024 })) {
      if (line.number > MAX_NAMES) break;
      const parsed = parseLine(line);
      const entry = named.safeParse(parsed.kind === "json" ? parsed.value : undefined);
      if (entry.success) names.set(entry.data.id, entry.data.thread_name);
    }
    return names;
  } finally {
    await handle.close();
  }
}
