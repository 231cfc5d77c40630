import { z } from "zod";
import { boundInput, claudeToolName, questionItem, questionKey } from "@skein/sessions";
import type { DriverRow } from "../driver.ts";
import type { AskOptions } from "./agent.ts";
import { forThisSession } from "./permissions.ts";

/** What Claude Code asks a person, as a row: a question of the agent's, or leave to use a tool. */
export interface WaitingRow {
  readonly requestId: string;
  readonly row: DriverRow;
}

interface Asked {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly ask: AskOptions;
  readonly now: number;
}

const questions = z.looseObject({ questions: z.array(questionItem).min(1) });

export function waitingRow(asked: Asked): WaitingRow {
  const parsed = asked.name === "AskUserQuestion" ? questions.safeParse(asked.input) : undefined;
  return parsed?.success === true ? questionRow(asked, parsed.data.questions) : permissionRow(asked);
}

function questionRow({ ask, now }: Asked, items: z.infer<typeof questionItem>[]): WaitingRow {
  const callId = ask.toolUseID;
  const payload = { v: 1, type: "question", requestId: callId, callId, questions: items } as const;
  return { requestId: callId, row: { key: questionKey(callId), ts: now, type: payload.type, callId, payload } };
}

function permissionRow({ name, input, ask, now }: Asked): WaitingRow {
  const { requestId, toolUseID: callId } = ask;
  const reason = ask.decisionReason ?? ask.description;
  const canAllowSession = ask.suppressAlwaysAllowRule !== true && forThisSession(ask.suggestions ?? []).length > 0;
  const payload = {
    v: 1,
    type: "permission_request",
    requestId,
    callId,
    tool: claudeToolName(name),
    originalTool: name,
    input: boundInput(input),
    canAllowSession,
    ...(ask.title === undefined ? {} : { title: ask.title }),
    ...(reason === undefined ? {} : { reason }),
  } as const;
  return { requestId, row: { key: `permission:${requestId}`, ts: now, type: payload.type, callId, payload } };
}
