import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { AGENT_ID } from "../../claude/agents.ts";
import { readRecord } from "../../claude/records.ts";
import { chunksOf, listFolder, openFile, readPart } from "../files.ts";
import { parseLine, readLines } from "../lines.ts";

/** A file of a sub-agent's records. */
export interface AgentFile {
  readonly agentId: string;
  readonly path: string;
  /** The call that started it, where Claude Code noted it. */
  readonly callId: string | undefined;
}

const MAX_AGENTS = 10_000;
const FILE_NAME = /^agent-(.+)\.jsonl$/;
/** Agents of Claude Code's own, which repeat the conversation to sum it up or to guess at the next prompt. */
const INTERNAL = /^a?(compact|prompt_suggestion|side_question|session_memory|speculation)(-|_|$)/;

const meta = z.looseObject({ toolUseId: z.string().min(1).max(200).optional().catch(undefined) });

/** The sub-agents of a session: `<session id>/subagents/agent-<id>.jsonl` beside its file, by name. */
export async function agentFiles(sessionPath: string): Promise<AgentFile[]> {
  const session = join(dirname(sessionPath), basename(sessionPath, ".jsonl"));
  if ((await listFolder(session)) === undefined) return [];
  const entries = (await listFolder(join(session, "subagents"))) ?? [];
  const found: AgentFile[] = [];
  for (const entry of entries.slice(0, MAX_AGENTS * 2)) {
    const agentId = FILE_NAME.exec(entry.name)?.[1];
    if (entry.kind !== "file" || agentId === undefined || !AGENT_ID.test(agentId) || INTERNAL.test(agentId)) continue;
    found.push({ agentId, path: entry.path, callId: await callNoted(entry.path.replace(/\.jsonl$/, ".meta.json")) });
  }
  return found.slice(0, MAX_AGENTS);
}

async function callNoted(path: string): Promise<string | undefined> {
  const handle = await openFile(path);
  if (handle === undefined) return undefined;
  try {
    const text = Buffer.from(await readPart(handle, 0, 64 * 1024)).toString("utf8");
    const parsed = meta.safeParse(parseOr(text));
    return parsed.success ? parsed.data.toolUseId : undefined;
  } finally {
    await handle.close();
  }
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // being written
  }
}

/** The file of a sub-agent that was started after the session was opened. */
export async function agentFile(sessionPath: string, agentId: string): Promise<AgentFile | undefined> {
  return (await agentFiles(sessionPath)).find((file) => file.agentId === agentId);
}

/** Older versions keep a sub-agent's file beside those of all sessions; its first record says whose it is. */
export async function siblingAgent(sessionPath: string, agentId: string): Promise<AgentFile | undefined> {
  if (!AGENT_ID.test(agentId)) return undefined;
  const path = join(dirname(sessionPath), `agent-${agentId}.jsonl`);
  const handle = await openFile(path);
  if (handle === undefined) return undefined;
  try {
    for await (const line of readLines(chunksOf(handle))) {
      const parsed = parseLine(line);
      if (parsed.kind === "none") continue;
      const owner = readRecord(parsed.value)?.sessionId;
      return owner === basename(sessionPath, ".jsonl") ? { agentId, path, callId: undefined } : undefined;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}
