import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { aborted, createGates } from "./gates.ts";
import { messagesRequest, planReply } from "./scripted-reply.ts";
import type { MessagesRequest, Reply } from "./scripted-reply.ts";
import { wholeMessage, wireSteps } from "./scripted-stream.ts";
import type { WireStep } from "./scripted-stream.ts";

/**
 * A Messages API on loopback that says what the prompt tells it to (see `directives.ts`). It keeps no conversation:
 * every answer follows from the request, so agents may be killed, resumed and run side by side against one of it.
 */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface ScriptedMessagesApi {
  readonly url: string;
  /** Everything that was asked, in order of arrival. */
  readonly requests: readonly ScriptedRequest[];
  /** The requests of the conversation itself: without probes and token counts. */
  conversation(): readonly MessagesRequest[];
  /** Resolves when an answer waits at `[[gate: name]]`. */
  reached(gate: string): Promise<void>;
  /** Opens `[[gate: name]]`, for good. */
  open(gate: string): void;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

export async function startScriptedMessagesApi(options: { port?: number } = {}): Promise<ScriptedMessagesApi> {
  const requests: ScriptedRequest[] = [];
  const gates = createGates();
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : "The scripted model failed.");
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const path = request.url ?? "/";
    requests.push({ method: request.method ?? "GET", path, headers: request.headers, body });
    if (path.includes("/count_tokens")) return json(response, 200, { input_tokens: 100 });
    if (request.method !== "POST" || !path.startsWith("/v1/messages")) return json(response, 200, {});
    const asked = messagesRequest.parse(body);
    const reply = planReply(asked);
    const attempt = countLike(requests, asked);
    const refusal = reply.steps.find((step) => step.kind === "http");
    if (refusal?.kind === "http" && attempt <= refusal.times) return fail(response, refusal.status, refusal.message);
    const id = `msg_scripted_${String(requests.length)}`;
    if (reply.steps.some((step) => step.kind === "cut" && attempt <= step.times) && !asked.stream) {
      response.destroy();
      return;
    }
    if (!asked.stream) return json(response, 200, wholeMessage(reply, asked, id));
    await stream(response, { reply, asked, id, attempt });
  }

  async function stream(
    response: ServerResponse,
    { reply, asked, id, attempt }: { reply: Reply; asked: MessagesRequest; id: string; attempt: number },
  ): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "request-id": `req_${id}` });
    response.flushHeaders();
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    for (const step of wireSteps(reply, asked, id)) {
      if (signal.aborted) break;
      if (step.kind === "cut" && attempt > step.times) continue;
      await perform(response, step, signal);
    }
    response.end();
  }

  async function perform(response: ServerResponse, step: WireStep, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case "event":
        response.write(`event: ${step.event.type}\ndata: ${JSON.stringify(step.event)}\n\n`);
        return;
      case "delay":
        await sleep(step.ms, undefined, { signal }).catch(() => undefined);
        return;
      case "gate":
        await gates.pass(step.name, signal);
        return;
      case "hang":
        await aborted(signal);
        return;
      case "cut":
        response.destroy();
        await aborted(signal);
        return;
    }
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The scripted model has no port.");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    requests,
    conversation: () => requests.flatMap(({ body }) => conversationOf(body)),
    reached: (gate) => gates.reached(gate),
    open: (gate) => gates.open(gate),
    async close() {
      stopping.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
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

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error("The request is larger than the scripted model takes.");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

function fail(response: ServerResponse, status: number, message: string): void {
  json(response, status, { type: "error", error: { type: ERROR_TYPES[status] ?? "api_error", message } });
}
