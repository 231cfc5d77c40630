import { messagesRequest, planReply } from "./scripted-reply.ts";
import type { MessagesRequest } from "./scripted-reply.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { ScriptedAnswer, ScriptedRequest, ScriptedServer } from "./scripted-server.ts";
import { wholeMessage, wireSteps } from "./scripted-stream.ts";

/**
 * A Messages API on loopback that says what the prompt tells it to (see `directives.ts`). It keeps no conversation:
 * every answer follows from the request, so agents may be killed, resumed and run side by side against one of it.
 */
export interface ScriptedMessagesApi extends ScriptedServer {
  /** The requests of the conversation itself: without probes and token counts. */
  conversation(): readonly MessagesRequest[];
}

export async function startScriptedMessagesApi(options: { port?: number } = {}): Promise<ScriptedMessagesApi> {
  const server = await startScriptedServer(answer, options.port);
  return { ...server, conversation: () => server.requests.flatMap(({ body }) => conversationOf(body)) };
}

function answer({ method, path, body }: ScriptedRequest, requests: readonly ScriptedRequest[]): ScriptedAnswer {
  if (path.includes("/count_tokens")) return { kind: "json", status: 200, body: { input_tokens: 100 } };
  if (method !== "POST" || !path.startsWith("/v1/messages")) return { kind: "json", status: 200, body: {} };
  const asked = messagesRequest.parse(body);
  const reply = planReply(asked);
  const attempt = countLike(requests, asked);
  const refusal = reply.steps.find((step) => step.kind === "http");
  if (refusal?.kind === "http" && attempt <= refusal.times) return failure(refusal.status, refusal.message);
  const id = `msg_scripted_${String(requests.length)}`;
  if (asked.stream) return { kind: "stream", steps: wireSteps(reply, asked, id), attempt };
  if (reply.steps.some((step) => step.kind === "cut" && attempt <= step.times)) return { kind: "broken" };
  return { kind: "json", status: 200, body: wholeMessage(reply, asked, id) };
}

function conversationOf(body: unknown): MessagesRequest[] {
  const parsed = messagesRequest.safeParse(body);
  return parsed.success && parsed.data.stream ? [parsed.data] : [];
}

/** Which attempt this is: how many requests had the same messages. */
function countLike(requests: readonly ScriptedRequest[], asked: MessagesRequest): number {
  const wanted = JSON.stringify(asked.messages);
  return requests.flatMap(({ body }) => conversationOf(body)).filter((one) => JSON.stringify(one.messages) === wanted)
    .length;
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function failure(status: number, message: string): ScriptedAnswer {
  const error = { type: ERROR_TYPES[status] ?? "api_error", message };
  return { kind: "json", status, body: { type: "error", error } };
}
