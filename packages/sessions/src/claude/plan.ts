import { z } from "zod";
import type { TranscriptEvent } from "../events.ts";
import { remember } from "../output.ts";
import { type ClaudeState } from "./state.ts";

type Plan = Extract<TranscriptEvent, { type: "plan" }>;

const status = z.enum(["pending", "in_progress", "completed"]).catch("pending");
const todos = z.looseObject({ todos: z.array(z.looseObject({ content: z.string(), status })) });
const created = z.looseObject({ task: z.looseObject({ id: z.coerce.string(), subject: z.string() }) });
const update = z.looseObject({
  taskId: z.coerce.string(),
  status: z.string().optional().catch(undefined),
  subject: z.string().optional().catch(undefined),
});

const MAX_ITEMS = 500;

/** The plan that a call lays down: TodoWrite brings all of it, TaskUpdate changes one item of what was there. */
export function planOfCall(state: ClaudeState, name: string, input: unknown, callId: string): Plan | undefined {
  if (name === "TodoWrite") {
    const parsed = todos.safeParse(input);
    if (!parsed.success) return undefined;
    const items = parsed.data.todos.slice(0, MAX_ITEMS).map((todo) => ({ text: todo.content, status: todo.status }));
    return { v: 1, type: "plan", callId, items };
  }
  if (name !== "TaskUpdate") return undefined;
  const parsed = update.safeParse(input);
  if (!parsed.success) return undefined;
  const { taskId, subject } = parsed.data;
  if (parsed.data.status === "deleted") {
    state.tasks.delete(taskId);
    return tasksAsPlan(state, callId);
  }
  const known = state.tasks.get(taskId);
  remember(state.tasks, taskId, {
    text: subject ?? known?.text ?? `Task ${taskId}`,
    status: parsed.data.status === undefined ? (known?.status ?? "pending") : status.parse(parsed.data.status),
  });
  return tasksAsPlan(state, callId);
}

/** TaskCreate's id is known only from its result. */
export function planOfResult(state: ClaudeState, name: string, result: unknown, callId: string): Plan | undefined {
  if (name !== "TaskCreate") return undefined;
  const parsed = created.safeParse(result);
  if (!parsed.success) return undefined;
  remember(state.tasks, parsed.data.task.id, { text: parsed.data.task.subject, status: "pending" });
  return tasksAsPlan(state, callId);
}

function tasksAsPlan(state: ClaudeState, callId: string): Plan {
  return {
    v: 1,
    type: "plan",
    callId,
    items: [...state.tasks.values()].slice(0, MAX_ITEMS).map((task) => ({ ...task })),
  };
}
