import { createClaudeNormaliser } from "../claude/normalise.ts";
import type { Normalised } from "../normalised.ts";
import type { NativeTranscriptRow } from "../resource.ts";

/** Makes rows of a session file, chained, one second apart. */
export function claudeRows() {
  let count = 0;
  let leaf: string | null = null;
  const next = (fields: Record<string, unknown>) => {
    count++;
    const uuid = `u${count}`;
    const row = {
      parentUuid: leaf,
      isSidechain: false,
      cwd: "/w",
      sessionId: "s",
      version: "2.1.330",
      uuid,
      timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, count)).toISOString(),
      ...fields,
    };
    leaf = uuid;
    return row;
  };
  return {
    row: next,
    user: (content: unknown, fields: Record<string, unknown> = {}) =>
      next({ type: "user", message: { role: "user", content }, ...fields }),
    assistant: (content: unknown, fields: Record<string, unknown> = {}, stop: string | null = null) =>
      next({
        type: "assistant",
        message: { id: `msg_${count + 1}`, role: "assistant", model: "claude-x", content, stop_reason: stop },
        ...fields,
      }),
    result: (callId: string, content: unknown, toolUseResult?: unknown, isError = false) =>
      next({
        type: "user",
        message: { role: "user", content: [{ type: "tool_result", tool_use_id: callId, content, is_error: isError }] },
        toolUseResult,
      }),
  };
}

export const text = (words: string) => ({ type: "text", text: words });
export const call = (id: string, name: string, input: unknown = {}) => ({ type: "tool_use", id, name, input });

/** All rows of the records of a file, without the session's first row. */
export function normaliseAll(records: readonly unknown[], options: { settled?: boolean } = {}): NativeTranscriptRow[] {
  const normaliser = createClaudeNormaliser();
  const rows = records.flatMap((record) => normaliser.push(record).rows);
  return [...rows, ...normaliser.end(options).rows].filter((row) => row.type !== "session_init");
}

export function normaliseEach(records: readonly unknown[]): Normalised[] {
  const normaliser = createClaudeNormaliser();
  return records.map((record) => normaliser.push(record));
}

export const types = (rows: readonly NativeTranscriptRow[]) => rows.map((row) => row.type);
export const payloads = (rows: readonly NativeTranscriptRow[], type: string) =>
  rows.filter((row) => row.type === type).map((row) => row.payload);
