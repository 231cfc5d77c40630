import { z } from "zod";
import { boundInput } from "../bounds.ts";
import { questionItem, type TranscriptEvent } from "../events.ts";
import { type Output, remember } from "../output.ts";
import { answerKey, questionKey } from "../resource.ts";
import type { CodexState } from "./state.ts";
import { codexToolName } from "./tool-names.ts";
import type { CodexResult } from "./results.ts";

export interface NativeCall {
  readonly key: string;
  readonly callId: string;
  readonly name: string;
  /** Where the tool comes from: a server of MCP, or a set of Codex's own. */
  readonly namespace: string | undefined;
  readonly input: unknown;
}

const planStep = z.looseObject({ step: z.string(), status: z.string().catch("pending") });
const plan = z.looseObject({ plan: z.array(planStep) });
const asked = z.looseObject({
  questions: z.array(z.looseObject({ id: z.string().optional().catch(undefined), question: z.string() })),
});
const answered = z.looseObject({ answers: z.record(z.string(), z.looseObject({ answers: z.array(z.string()) })) });
const agent = z.looseObject({
  message: z.string().optional().catch(undefined),
  task_name: z.string().optional().catch(undefined),
});

const STATUSES = ["pending", "in_progress", "completed"] as const;
const MAX_ITEMS = 500;

/** The rows of a call: the call itself, and what it means (a plan, a question, an agent's start). */
export function showCall(state: CodexState, output: Output, call: NativeCall): void {
  const { key, callId, name } = call;
  const input = boundInput(call.input);
  const title = agentTitle(call);
  remember(state.calls, callId, { key, name, title });
  output.row(
    key,
    {
      v: 1,
      type: "tool_call",
      callId,
      tool: codexToolName(name, input),
      originalTool: fullName(call.namespace, name),
      originalAgent: "codex",
      input,
    },
    { callId },
  );
  if (state.turn !== undefined) {
    state.turn.last = "call";
    state.turn.openCalls.add(callId);
  }
  const planned = name === "update_plan" ? planOf(call.input, callId) : undefined;
  if (planned !== undefined) output.row(`${key}:plan`, planned, { callId });
  if (name === "request_user_input") showQuestion(output, callId, call.input);
  if (name === "spawn_agent") {
    const titled = title === undefined ? {} : { title };
    output.row(`${key}:subagent`, { v: 1, type: "subagent", phase: "start", callId, ...titled }, { callId });
  }
}

function fullName(namespace: string | undefined, name: string): string {
  if (namespace === undefined || namespace === "") return name;
  return namespace.startsWith("mcp__") ? `${namespace.replace(/_+$/, "")}__${name}` : `${namespace}.${name}`;
}

function agentTitle(call: NativeCall): string | undefined {
  if (call.name !== "spawn_agent") return undefined;
  const parsed = agent.safeParse(call.input);
  const title = parsed.success ? (parsed.data.task_name ?? parsed.data.message) : undefined;
  return title?.slice(0, 200);
}

/** The whole plan, as `update_plan` lays it down. */
export function planOf(
  input: unknown,
  callId: string | undefined,
): Extract<TranscriptEvent, { type: "plan" }> | undefined {
  const parsed = plan.safeParse(input);
  if (!parsed.success) return undefined;
  const items = parsed.data.plan.slice(0, MAX_ITEMS).map((item) => ({
    text: item.step,
    status: STATUSES.find((status) => status === item.status) ?? "pending",
  }));
  return { v: 1, type: "plan", ...(callId === undefined ? {} : { callId }), items };
}

function showQuestion(output: Output, callId: string, input: unknown): void {
  const parsed = asked.safeParse(input);
  if (!parsed.success) return;
  const questions = parsed.data.questions.map((question) => {
    const item = questionItem.safeParse(question);
    return item.success ? item.data : { question: question.question, options: [] };
  });
  output.row(questionKey(callId), { v: 1, type: "question", requestId: callId, callId, questions }, { callId });
}

/** The row of a call's result, under the key of its call. */
export function showResult(state: CodexState, output: Output, callId: string, result: CodexResult): void {
  const call = state.calls.get(callId);
  state.calls.delete(callId);
  const told = state.exits.get(callId);
  state.exits.delete(callId);
  const exitCode = result.exitCode ?? told;
  const key = call?.key ?? `${state.turn?.id ?? state.thread ?? "thread"}:${callId}`;
  output.row(
    `${key}:result`,
    {
      v: 1,
      type: "tool_result",
      callId,
      output: result.text,
      isError: result.isError || (told !== undefined && told !== 0),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(result.blob === undefined ? {} : { blob: result.blob }),
      ...(result.attachments === undefined ? {} : { attachments: result.attachments }),
    },
    { callId },
  );
  if (state.turn !== undefined) {
    state.turn.last = "call";
    state.turn.openCalls.delete(callId);
  }
  if (call?.name === "request_user_input") showAnswer(output, callId, result.text);
}

function showAnswer(output: Output, callId: string, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // what is said of a question that was not answered is prose
  }
  const parsed = answered.safeParse(value);
  const answers = parsed.success
    ? Object.entries(parsed.data.answers).map(([id, answer]) => [id, answer.answers.join(", ")] as const)
    : [];
  const cancelled = parsed.success ? {} : { cancelled: true };
  output.row(
    answerKey(callId),
    { v: 1, type: "answer", requestId: callId, answers: Object.fromEntries(answers), ...cancelled },
    { callId },
  );
}
