import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Step } from "./directives.ts";
import { aborted, createGates } from "./gates.ts";

/** What scripted models have in common: a server on loopback that records requests and plays what a script says. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** What happens on the wire, in order: server-sent events, and what a script does between them. */
export type WireStep =
  | { readonly kind: "event"; readonly event: { readonly type: string } & Record<string, unknown> }
  | { readonly kind: "delay"; readonly ms: number }
  | Extract<Step, { kind: "gate" | "hang" | "cut" }>;

export type ScriptedAnswer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  /** The connection breaks without an answer. */
  | { readonly kind: "broken" }
  | { readonly kind: "stream"; readonly steps: Iterable<WireStep>; readonly attempt: number };

export interface ScriptedServer {
  readonly url: string;
  /** Everything that was asked, in order of arrival. */
  readonly requests: readonly ScriptedRequest[];
  /** Resolves when an answer waits at `[[gate: name]]`. */
  reached(gate: string): Promise<void>;
  /** Opens `[[gate: name]]`, for good. */
  open(gate: string): void;
  close(): Promise<void>;
}

/** Answers one request; `requests` has it already. */
export type Answering = (request: ScriptedRequest, requests: readonly ScriptedRequest[]) => ScriptedAnswer;

const MAX_BODY_BYTES = 64 * 1024 * 1024;

export async function startScriptedServer(answer: Answering, port = 0): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const gates = createGates();
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : "The scripted model failed.");
    });
  });

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(incoming);
    const { method = "GET", url: path = "/", headers } = incoming;
    const request = { method, path, headers, body };
    requests.push(request);
    const answered = answer(request, requests);
    if (answered.kind === "stream") return stream(response, answered, `req_scripted_${String(requests.length)}`);
    if (answered.kind === "broken") response.destroy();
    else {
      response.writeHead(answered.status, { "content-type": "application/json" });
      response.end(JSON.stringify(answered.body));
    }
  }

  async function stream(
    response: ServerResponse,
    { steps, attempt }: Extract<ScriptedAnswer, { kind: "stream" }>,
    id: string,
  ): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "request-id": id });
    response.flushHeaders();
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    for (const step of steps) {
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

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The scripted model has no port.");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    requests,
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

/** `{gate NAME}` within a text: the rest of it waits there. */
const GATE = /\{gate (\w+)\}/;
const GATES = new RegExp(GATE, "g");

/** A text as it comes: pieces for events, and the gates and delays between them. */
export function* textPieces(
  step: Extract<Step, { kind: "text" }>,
  event: (piece: string) => WireStep,
): Generator<WireStep> {
  // Odd parts are the names of gates.
  for (const [at, part] of step.text.split(GATE).entries()) {
    if (at % 2 === 1) yield { kind: "gate", name: part };
    else
      for (const piece of pieces(part, step.deltas)) {
        yield event(piece);
        if (step.delayMs > 0) yield { kind: "delay", ms: step.delayMs };
      }
  }
}

export function withoutGates(text: string): string {
  return text.replaceAll(GATES, "");
}

export function pieces(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return parts;
}
