import { createClaudeNormaliser } from "../claude/normalise.ts";
import { createCodexNormaliser } from "../codex/normalise.ts";
import type { TranscriptEvent } from "../events.ts";
import type { NativeTranscriptRow } from "../resource.ts";

/** What was said and done in a transcript, gathered as simply as can be: nothing of the translator is used. */
export type Said =
  | { readonly kind: "prompt"; readonly text: string; readonly pictures: number }
  | { readonly kind: "answer"; readonly text: string }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly output: string | undefined;
      readonly isError: boolean | undefined;
      readonly exitCode: number | undefined;
    };

export function saidIn(rows: readonly NativeTranscriptRow[]): Said[] {
  const main = rows.filter((row) => row.parentCallId === undefined);
  return main.flatMap(({ payload }, index): Said[] => {
    if (payload.type === "user_message") {
      const pictures = payload.attachments?.filter(({ kind }) => kind === "image").length ?? 0;
      return payload.text.trim() === "" && pictures === 0 ? [] : [{ kind: "prompt", text: payload.text, pictures }];
    }
    if (payload.type === "assistant_message") {
      return payload.text.trim() === "" ? [] : [{ kind: "answer", text: payload.text }];
    }
    if (payload.type !== "tool_call") return [];
    const result = resultOf(main.slice(index + 1), payload.callId);
    const { output, isError, exitCode } = result ?? {};
    return [{ kind: "call", name: payload.originalTool, output, isError, exitCode }];
  });
}

/** The first result of a call, unless another call of that id comes before it. */
function resultOf(
  rows: readonly NativeTranscriptRow[],
  callId: string,
): Extract<TranscriptEvent, { type: "tool_result" }> | undefined {
  for (const { payload } of rows) {
    if (payload.type === "tool_call" && payload.callId === callId) return undefined;
    if (payload.type === "tool_result" && payload.callId === callId) return payload;
  }
  return undefined;
}

/** Records as their agent would be read again. */
export function readBack(agent: "claude" | "codex", records: readonly object[]): NativeTranscriptRow[] {
  const normaliser = agent === "claude" ? createClaudeNormaliser() : createCodexNormaliser();
  const written: unknown[] = records.map((record) => JSON.parse(JSON.stringify(record)));
  return [...written.flatMap((record) => normaliser.push(record).rows), ...normaliser.end().rows];
}
