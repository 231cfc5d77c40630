import { z } from "zod";
import { blocksOf, readRecord, toolResultBlock, wordsOf } from "./records.ts";
import { readUserText } from "./user-text.ts";

const named = z.looseObject({ status: z.string().optional().catch(undefined), agentId: z.string() });

/** The ids of sub-agents as Claude Code makes them; they become names of files. */
export const AGENT_ID = /^[A-Za-z0-9_-]{1,100}$/;

/** A result that names the sub-agent whose records are in a file of its own. */
export interface AgentMention {
  readonly agentId: string;
  readonly callId: string;
  /** It had only been started: what it did comes after this record, not before. */
  readonly launched: boolean;
}

/** The sub-agent that a record tells of, if it is the result of a call that started one. */
export function agentMention(raw: unknown): AgentMention | undefined {
  // Asked of every record, and almost none is one: look before parsing.
  if (typeof raw !== "object" || raw === null || !("toolUseResult" in raw)) return undefined;
  const { toolUseResult } = raw;
  if (typeof toolUseResult !== "object" || toolUseResult === null || !("agentId" in toolUseResult)) return undefined;
  const record = readRecord(raw);
  if (record?.type !== "user" || record.message === undefined) return undefined;
  const parsed = named.safeParse(record.toolUseResult);
  if (!parsed.success || !AGENT_ID.test(parsed.data.agentId)) return undefined;
  const results = blocksOf(record.message.content).filter((block) => block?.type === "tool_result");
  const result = toolResultBlock.safeParse(results[0]);
  if (results.length !== 1 || !result.success) return undefined;
  const { agentId, status } = parsed.data;
  return { agentId, callId: result.data.tool_use_id, launched: status === "async_launched" };
}

/** The background agent whose end a record tells of. */
export function agentNotification(raw: unknown): { agentId: string; callId: string | undefined } | undefined {
  const record = readRecord(raw);
  if (record?.type !== "user" || record.message === undefined) return undefined;
  const read = readUserText(wordsOf(record.message.content));
  if (read.kind !== "task" || !AGENT_ID.test(read.task.taskId)) return undefined;
  return { agentId: read.task.taskId, callId: read.task.callId };
}
