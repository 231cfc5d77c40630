import { methods } from "@agentclientprotocol/sdk";
import { questionKey } from "@skein/sessions";
import type { AcpNormaliser, Normalised, PermissionMode } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import type { DriverResponse, DriverRow } from "../driver.ts";
import { readForm } from "./form.ts";
import { formParams, permissionParams } from "./messages.ts";
import { answeredBy, CANCELLED, outcomeFor, permissionRow, sessionKey } from "./permissions.ts";
import type { AskMethod } from "./process.ts";
import type { AcpTurn } from "./turn.ts";

/** What an agent asks us, put to a person unless the mode answers it. */
export interface AcpRequests {
  answer(turn: AcpTurn | undefined, method: AskMethod, params: unknown): Promise<object>;
}

const REFUSALS: Readonly<Record<AskMethod, object>> = {
  [methods.client.session.requestPermission]: { outcome: CANCELLED },
  [methods.client.elicitation.create]: { action: "cancel" },
};

export function createAcpRequests(deps: {
  readonly clock: Clock;
  readonly normaliser: AcpNormaliser;
  readonly permissionMode: PermissionMode;
  readonly show: (turn: AcpTurn, normalised: Normalised) => void;
}): AcpRequests {
  /** What was allowed for the session: it is remembered here and nowhere else. */
  const allowed = new Set<string>();

  async function permission(turn: AcpTurn, params: unknown): Promise<object> {
    const asked = permissionParams.parse(params);
    const now = deps.clock.now();
    const { normalised, call } = deps.normaliser.asked(asked.toolCall, { ts: now });
    deps.show(turn, normalised);
    if (call === undefined) return { outcome: CANCELLED };
    const answered = answeredBy(deps.permissionMode, call, asked.options);
    if (answered !== undefined) return { outcome: answered };
    const key = sessionKey(call);
    if (allowed.has(key)) return { outcome: outcomeFor({ kind: "permission", decision: "allow" }, asked.options) };
    const requestId = nextRequest(turn);
    const response = await wait(turn, requestId, permissionRow(call, { requestId, now }));
    if (response === undefined) return { outcome: CANCELLED };
    if (response.kind === "permission" && response.decision === "allow_session") allowed.add(key);
    return { outcome: outcomeFor(response, asked.options) };
  }

  async function question(turn: AcpTurn, params: unknown): Promise<object> {
    const asked = formParams.safeParse(params);
    const form = asked.success ? readForm(asked.data) : undefined;
    // What is no form is an address to visit, and somebody's browser is not ours to open.
    if (form === undefined || form.questions.length === 0) return { action: "decline" };
    const requestId = nextRequest(turn);
    const toolCallId = asked.data?.toolCallId;
    const callId = toolCallId ? { callId: `${turn.promptId}:${toolCallId}` } : {};
    const questions = [...form.questions];
    const payload = { v: 1, type: "question", requestId, ...callId, questions } as const;
    const row: DriverRow = { key: questionKey(requestId), ts: deps.clock.now(), type: "question", ...callId, payload };
    const response = await wait(turn, requestId, row);
    if (response?.kind !== "answer") return { action: "cancel" };
    return { action: "accept", content: form.content(response.answers) };
  }

  return {
    async answer(turn, method, params) {
      if (turn === undefined || turn.isOver() || !turn.begun || turn.interrupted) return REFUSALS[method];
      return method === methods.client.elicitation.create ? question(turn, params) : permission(turn, params);
    },
  };
}

function nextRequest(turn: AcpTurn): string {
  turn.requests += 1;
  return `${turn.promptId}:ask${String(turn.requests)}`;
}

function wait(turn: AcpTurn, requestId: string, row: DriverRow): Promise<DriverResponse | undefined> {
  const answer = turn.ask(requestId);
  turn.events.push({ kind: "waiting", requestId, row });
  return answer;
}
