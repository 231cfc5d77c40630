import type { Claim } from "@skein/protocol";
import { claimCommitResult, entity, SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { Client, Clock, ConnectionOptions } from "../client/index.ts";
import { createClient, systemClock } from "../client/index.ts";
import { createWarmCache } from "../handler/warm-cache.ts";
import type { Registry } from "../registry.ts";
import { within } from "../runner/deadline.ts";
import { consoleLog, type Log } from "../runner/log.ts";
import { runClaim, type ClaimDeps, type RunningClaim } from "../runner/run-claim.ts";
import { noTrace, type RunnerTrace } from "../runner/trace.ts";
import { createSignatureJudge } from "./signature.ts";

export interface WebhookHandlerOptions extends ConnectionOptions {
  readonly clock?: Clock;
  /** Default: warnings and errors to the console. */
  readonly log?: Log;
  /** How far the time of a call's signature may be from now. Default 300,000. */
  readonly toleranceMs?: number;
  /**
   * The call is answered when the handler has ended, or after so long, whatever comes first: the server gives up on an
   * answer after 30 s. What goes on afterwards is given to `waitUntil`. Default 20,000.
   */
  readonly answerMs?: number;
  /** Keeps the function alive until the promise resolves, on platforms that would end it with its answer. */
  readonly waitUntil?: (work: Promise<void>) => void;
  /** How long an aborted handler may take to end. Default 5000. */
  readonly graceMs?: number;
  /** When it aborts, what runs is aborted and given back. */
  readonly signal?: AbortSignal;
  readonly trace?: RunnerTrace;
}

/** Answers a call of the server; gives it to whatever serves HTTP. */
export type WebhookHandler = (request: Request) => Promise<Response>;

const MAX_BODY = 1024 * 1024;

/** What the server's webhook for entities says; what else is in it does not matter here. */
const notice = z.object({
  generation: z.number().int(),
  callback_token: z.string().min(1),
  lease_ttl_ms: z.number(),
  entity,
  streams: z.array(z.object({ path: z.string(), acked_offset: z.string() })),
});

/**
 * Runs handlers where nothing runs between calls: the server calls (see `subscribeWebhook`), the handler works under the
 * claim that the call carries, commits, acknowledges and answers. Calls that are not signed by the server, are not of
 * now, or were answered before are refused.
 *
 * @example
 * const handle = createWebhookHandler(registry, { baseUrl: "https://skein.example", token });
 * export default { fetch: handle };
 */
export function createWebhookHandler(registry: Registry, options: WebhookHandlerOptions): WebhookHandler {
  const { clock = systemClock, log = consoleLog, answerMs = 20_000, graceMs = 5_000, signal } = options;
  const client = createClient({ ...options, clock });
  const { toleranceMs = 300_000, trace = noTrace } = options;
  const judge = createSignatureJudge({ transport: client.transport, clock, toleranceMs });
  const deps: ClaimDeps = { client, clock, log, graceMs, trace, cache: createWarmCache(), taken: new Map() };
  const running = new Map<string, RunningClaim>();
  const stopping = new SkeinError("unavailable", "The webhook is stopping.");
  signal?.addEventListener("abort", () => [...running.values()].forEach((claim) => claim.abort(stopping)), {
    once: true,
  });

  const work = async (claim: Claim): Promise<void> => {
    const { url, type: name } = claim.entity;
    const type = registry.get(name);
    if (!type) throw new SkeinError("unknown_entity_type", `The type “${name}” is not served here.`);
    await begin(client, claim);
    // The same entity again: the claim before was lost without our knowing. Two handlers of one entity must not run.
    const before = running.get(url);
    before?.abort(new SkeinError("fenced", `${url} was claimed anew.`));
    await before?.ended;
    const atWork = runClaim(claim, type, deps, { seq: 2 });
    running.set(url, atWork);
    if (signal?.aborted) atWork.abort(stopping);
    const ended = atWork.ended.finally(() => running.get(url) === atWork && running.delete(url));
    options.waitUntil?.(ended);
    await within(clock, answerMs, ended);
  };
  return async (request) => {
    try {
      if (request.method !== "POST") throw new SkeinError("method_not_allowed", "The server calls by POST.");
      const body = await readBody(request);
      await judge.verify(request.headers.get("webhook-signature"), body);
      await work(claimOf(body));
      // Not `done`: what has been dealt with is said under the claim, with what was written.
      return Response.json({ ok: true });
    } catch (error) {
      return refusalOf(error, log);
    }
  };
}

/**
 * The first commit of a claim, of nothing. If it was applied before, this call has been worked on already, here or by
 * another instance: nothing in memory would know.
 */
async function begin(client: Client, { entity: { url }, claimId, generation }: Claim): Promise<void> {
  const body = { claimId, generation, seq: 1 };
  const { duplicate } = await client.transport.json(claimCommitResult, "POST", `${url}/claim/commit`, { body });
  if (duplicate) throw new SkeinError("conflict", "This call was taken before.");
}

function claimOf(body: string): Claim {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch (cause) {
    throw new SkeinError("malformed_json", "The call is not JSON.", { cause });
  }
  const parsed = notice.safeParse(said);
  const told = parsed.data;
  const from = told?.streams.find(({ path }) => path === told.entity.streams.main)?.acked_offset;
  if (told === undefined || from === undefined)
    throw new SkeinError("invalid_request", "The call is not one for the work of an entity.");
  const { entity: of, callback_token: claimId, generation, lease_ttl_ms: leaseMs } = told;
  return { kind: "claim", entity: of, claimId, generation, leaseMs, from };
}

async function readBody(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY) throw new SkeinError("too_large", "The call is too large.");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

const STATUS: Readonly<Partial<Record<SkeinError["code"], number>>> = {
  unauthorized: 401,
  not_found: 404,
  unknown_entity_type: 404,
  method_not_allowed: 405,
  conflict: 409,
  fenced: 409,
  too_large: 413,
  unavailable: 503,
  internal: 500,
};

function refusalOf(error: unknown, log: Log): Response {
  if (!(error instanceof SkeinError)) {
    log("error", `A call failed: ${error instanceof Error ? error.message : String(error)}`);
    return Response.json(new SkeinError("internal", "The call failed.").toWire(), { status: 500 });
  }
  log("warn", `A call was refused: ${error.message}`, { code: error.code });
  return Response.json(error.toWire(), { status: STATUS[error.code] ?? 400 });
}
