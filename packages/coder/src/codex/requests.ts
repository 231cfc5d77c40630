import { z } from "zod";
import { boundInput, questionKey } from "@skein/sessions";
import type { DriverResponse, DriverRow } from "../driver.ts";
import type { RpcId } from "./connection.ts";

/** What Codex asks a person: leave to do something, or a question of the agent's. */
export interface CodexRequest {
  readonly requestId: string;
  readonly row: DriverRow;
  readonly callId: string | undefined;
  /** The answer in Codex's words. */
  answer(response: DriverResponse): unknown;
  /** Nobody answered. */
  readonly cancelled: unknown;
}

export interface RequestContext {
  readonly rpcId: RpcId;
  readonly now: number;
  /** The call that it is about, as its row shows it. */
  callOf(callId: string): Call | undefined;
  /** The changes that an item announced. */
  changesOf(itemId: string): unknown;
}
export interface Call {
  readonly tool: string;
  readonly originalTool: string;
  readonly input: Record<string, unknown>;
}

type Decision = Extract<DriverResponse, { kind: "permission" }>["decision"];

const about = z.looseObject({ turnId: z.string(), itemId: z.string(), reason: z.string().nullish() });
const command = about.extend({ command: z.string().nullish(), cwd: z.string().nullish() });
const widening = about.extend({ permissions: z.record(z.string(), z.unknown()) });
const userInput = about.extend({
  questions: z
    .array(
      z.looseObject({
        id: z.string(),
        header: z.string().optional(),
        question: z.string(),
        options: z.array(z.looseObject({ label: z.string(), description: z.string().optional() })).nullish(),
      }),
    )
    .min(1),
});
const elicitation = z.looseObject({
  turnId: z.string().nullish(),
  serverName: z.string(),
  mode: z.literal("form"),
  message: z.string(),
  _meta: z.looseObject({ codex_approval_kind: z.literal("mcp_tool_call") }),
});

/** A request as something to ask; `undefined` when we cannot ask it. */
export function readRequest(method: string, params: unknown, context: RequestContext): CodexRequest | undefined {
  switch (method) {
    case "item/commandExecution/requestApproval": {
      const asked = command.safeParse(params);
      if (!asked.success) return undefined;
      const { itemId, command: line, cwd } = asked.data;
      const input = { ...(line ? { cmd: line } : {}), ...(cwd ? { workdir: cwd } : {}) };
      const shown = context.callOf(itemId) ?? { tool: "terminal", originalTool: "exec_command", input };
      return approval(asked.data, shown, context);
    }
    case "item/fileChange/requestApproval": {
      const asked = about.safeParse(params);
      if (!asked.success) return undefined;
      const { itemId } = asked.data;
      const input = boundInput({ changes: context.changesOf(itemId) ?? [] });
      const shown = context.callOf(itemId) ?? { tool: "file_edit", originalTool: "apply_patch", input };
      return approval(asked.data, shown, context);
    }
    case "item/permissions/requestApproval":
      return wideningOf(params, context);
    case "item/tool/requestUserInput":
      return questionOf(params, context);
    case "mcpServer/elicitation/request":
      return toolOfServer(params, context);
    default:
      return undefined;
  }
}

type About = z.infer<typeof about>;
const DECISIONS = { allow: "accept", allow_session: "acceptForSession", deny: "decline" } as const;

function approval(asked: About, shown: Call, context: RequestContext): CodexRequest {
  return {
    ...permission(asked, shown, context),
    answer: (response) => ({ decision: DECISIONS[decisionOf(response)] }),
    cancelled: { decision: "cancel" },
  };
}

function wideningOf(params: unknown, context: RequestContext): CodexRequest | undefined {
  const asked = widening.safeParse(params);
  if (!asked.success) return undefined;
  const { permissions } = asked.data;
  const shown = { tool: "permissions", originalTool: "request_permissions", input: boundInput(permissions) };
  const none = { permissions: {}, scope: "turn" };
  return {
    ...permission(asked.data, shown, context),
    answer(response) {
      const decision = decisionOf(response);
      return decision === "deny" ? none : { permissions, scope: decision === "allow" ? "turn" : "session" };
    },
    cancelled: none,
  };
}

function toolOfServer(params: unknown, context: RequestContext): CodexRequest | undefined {
  const asked = elicitation.safeParse(params);
  if (!asked.success) return undefined;
  const { serverName, message, turnId } = asked.data;
  const name = `mcp__${serverName}`;
  const shown = { tool: name, originalTool: name, input: {} };
  const itemId = `elicitation:${String(context.rpcId)}`;
  const base = permission({ turnId: turnId ?? "", itemId, reason: message }, shown, context, false);
  return {
    ...base,
    answer: (response) => ({
      action: decisionOf(response) === "deny" ? "decline" : "accept",
      content: decisionOf(response) === "deny" ? null : {},
      _meta: null,
    }),
    cancelled: { action: "cancel", content: null, _meta: null },
  };
}

function permission(asked: About, { tool, originalTool, input }: Call, context: RequestContext, forSession = true) {
  const { turnId, itemId, reason } = asked;
  const requestId = `${turnId}:${itemId}:${String(context.rpcId)}`;
  const payload = {
    v: 1,
    type: "permission_request",
    requestId,
    callId: itemId,
    tool,
    originalTool,
    input,
    canAllowSession: forSession,
    ...(reason ? { reason } : {}),
  } as const;
  const row = { key: `permission:${requestId}`, ts: context.now, type: payload.type, callId: itemId, payload };
  return { requestId, callId: itemId, row };
}

function decisionOf(response: DriverResponse): Decision {
  return response.kind === "permission" ? response.decision : "deny";
}

function questionOf(params: unknown, { now }: RequestContext): CodexRequest | undefined {
  const asked = userInput.safeParse(params);
  if (!asked.success) return undefined;
  const { itemId: callId, questions } = asked.data;
  const items = questions.map(({ question, header, options }) => ({
    question,
    ...(header === undefined ? {} : { header }),
    options: (options ?? []).map(({ label, description }) => ({
      label,
      ...(description === undefined ? {} : { description }),
    })),
  }));
  const payload = { v: 1, type: "question", requestId: callId, callId, questions: items } as const;
  return {
    requestId: callId,
    callId,
    row: { key: questionKey(callId), ts: now, type: payload.type, callId, payload },
    answer(response) {
      const given = response.kind === "answer" ? response.answers : {};
      // Asked by id, answered by the words of the question (or by the id).
      const answers = questions.flatMap(({ id, question }) => {
        const text = given[question] ?? given[id];
        return text === undefined ? [] : [[id, { answers: [text] }] as const];
      });
      return { answers: Object.fromEntries(answers) };
    },
    cancelled: { answers: {} },
  };
}
