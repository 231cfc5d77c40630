import { z } from "zod";
import { boundText, OUTPUT_LIMIT } from "../bounds.ts";
import { answerKey } from "../resource.ts";
import { resultContent } from "./content.ts";
import { fileChangeOf } from "./file-changes.ts";
import { planOfResult } from "./plan.ts";
import { hasField } from "./records.ts";
import { type Output, remember } from "../output.ts";
import { type ClaudeState, type OpenCall } from "./state.ts";
import type { TaskNotification } from "./user-text.ts";

const answered = z.looseObject({
  questions: z.array(z.unknown()),
  answers: z.record(z.string(), z.unknown()),
});
const launched = z.looseObject({ status: z.string(), agentId: z.string().min(1).max(200) });
const shell = z.looseObject({
  stdout: z.string(),
  interrupted: z.boolean().optional().catch(undefined),
  backgroundTaskId: z.string().optional().catch(undefined),
});

export interface NativeResult {
  readonly key: string;
  readonly callId: string;
  readonly content: unknown;
  readonly isError: boolean;
  /** The tool's structured result, when the record is about one call only. */
  readonly structured: unknown;
}

/** The rows of a tool's result: the result itself, and what it means (a changed file, an answer, an agent's end). */
export function showToolResult(state: ClaudeState, output: Output, result: NativeResult): void {
  const { key, callId, isError, structured } = result;
  const call = state.calls.get(callId);
  state.calls.delete(callId);
  const content = resultContent(result.content, output.sink);
  const exitCode = exitCodeOf(content.text, isError, structured);
  output.row(
    key,
    {
      v: 1,
      type: "tool_result",
      callId,
      output: content.text,
      isError,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(content.blob === undefined ? {} : { blob: content.blob }),
      ...(content.attachments === undefined ? {} : { attachments: content.attachments }),
    },
    { callId },
  );
  const change = isError ? undefined : fileChangeOf(structured);
  if (change !== undefined) {
    output.row(`${key}:files`, { v: 1, type: "file_change", callId, changes: [change] }, { callId });
  }
  const plan = isError || call === undefined ? undefined : planOfResult(state, call.name, structured, callId);
  if (plan !== undefined) output.row(`${key}:plan`, plan, { callId });
  showAnswer(output, result, call);
  showAgentEnd(state, output, result, call);
}

function exitCodeOf(text: string, isError: boolean, structured: unknown): number | undefined {
  if (isError) {
    const failed = /^(?:Error: )?Exit code (\d{1,9})\b/.exec(text);
    return failed === null ? undefined : Number(failed[1]);
  }
  if (!hasField(structured, "stdout")) return undefined;
  const parsed = shell.safeParse(structured);
  if (!parsed.success || parsed.data.interrupted === true || parsed.data.backgroundTaskId !== undefined)
    return undefined;
  return 0;
}

function showAnswer(output: Output, result: NativeResult, call: OpenCall | undefined): void {
  const { callId } = result;
  const parsed = hasField(result.structured, "answers") ? answered.safeParse(result.structured) : undefined;
  if (parsed?.success === true && !result.isError) {
    const answers = Object.entries(parsed.data.answers).map(
      ([question, answer]) => [question, typeof answer === "string" ? answer : JSON.stringify(answer)] as const,
    );
    output.row(
      answerKey(callId),
      { v: 1, type: "answer", requestId: callId, answers: Object.fromEntries(answers) },
      { callId },
    );
  } else if (call?.name === "AskUserQuestion") {
    output.row(
      answerKey(callId),
      { v: 1, type: "answer", requestId: callId, answers: {}, cancelled: true },
      { callId },
    );
  }
}

const isAgent = (call: OpenCall | undefined) => call?.name === "Task" || call?.name === "Agent";

function showAgentEnd(state: ClaudeState, output: Output, result: NativeResult, call: OpenCall | undefined): void {
  const { callId, isError } = result;
  const parsed = hasField(result.structured, "agentId") ? launched.safeParse(result.structured) : undefined;
  const agentId = parsed?.success === true ? parsed.data.agentId : undefined;
  if (agentId !== undefined) remember(state.agents, agentId, { callId, title: call?.title });
  if (!isAgent(call) || (parsed?.success === true && parsed.data.status === "async_launched")) return;
  output.row(
    `${result.key}:subagent`,
    {
      v: 1,
      type: "subagent",
      phase: "end",
      callId,
      ...(agentId === undefined ? {} : { agentId }),
      ...(call?.title === undefined ? {} : { title: call.title }),
      isError,
    },
    { callId },
  );
}

/** The end of something that ran in the background. */
export function showTaskNotification(state: ClaudeState, output: Output, key: string, task: TaskNotification): void {
  const agent = state.agents.get(task.taskId);
  if (agent === undefined) {
    output.row(key, {
      v: 1,
      type: "notice",
      kind: "task",
      text: task.summary || `Task ${task.taskId}: ${task.status}`,
    });
    return;
  }
  const text = task.result === undefined ? undefined : boundText(task.result.trim(), OUTPUT_LIMIT, output.sink).text;
  output.row(
    key,
    {
      v: 1,
      type: "subagent",
      phase: "end",
      callId: agent.callId,
      agentId: task.taskId,
      title: task.summary,
      isError: task.status !== "completed",
      ...(text === undefined ? {} : { text }),
    },
    { callId: agent.callId },
  );
}
