import { SkeinError } from "@skein/protocol";
import type { CommitOutcome, Operation, StreamInfo } from "@skein/store";
import { readBody } from "./body.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { planFork, readForkSource, sameFork, type ForkPlan } from "./fork.ts";
import { splitBody } from "./messages.ts";
import { DEFAULT_CONTENT_TYPE } from "./protocol.ts";
import { rejectionResponse } from "./rejections.ts";
import { empty, lifetimeHeaders, refuse, tailHeaders } from "./responses.ts";
import { parseCreateHeaders, type CreateHeaders } from "./write-headers.ts";

/**
 * PUT: a new stream with what it begins with, in one commit; the same request again finds it there.
 */
export async function create(context: StreamsContext, incoming: StreamRequest): Promise<Response> {
  const { request, path, call } = incoming;
  const headers = parseCreateHeaders(request.headers);
  const body = await readBody(request, context.maxBodyBytes);
  const fork = headers.fork === undefined ? undefined : await forkOf(context, incoming, headers);
  if (fork?.kind === "refused") return fork.response;
  const contentType = fork?.contentType ?? headers.contentType ?? DEFAULT_CONTENT_TYPE;
  const messages = body.length === 0 ? [] : splitBody(contentType, body);
  const refusal = messages.length === 0 ? undefined : call.check?.(messages);
  if (refusal !== undefined) throw refusal;

  const operations = planCreate(path, headers, contentType, messages, fork);
  const outcome = await context.store.commit(operations);
  if (outcome.kind === "rejected") return rejected(context, outcome, headers, contentType, fork);
  const stream = lastStream(outcome);
  return empty(201, { ...describe(stream), location: incoming.url.href });
}

/** The operations of a creation: the stream (or the fork), then its first messages, with which it may be closed. */
export function planCreate(
  path: string,
  { lifetime, closed }: CreateHeaders,
  contentType: string,
  messages: readonly Uint8Array[],
  fork: ForkPlan | undefined,
): Operation[] {
  const first = [...(fork?.prefix === undefined ? [] : [fork.prefix]), ...messages];
  const closedAtOnce = closed && first.length === 0 ? { closed } : {};
  const make: Operation =
    fork === undefined
      ? { kind: "create-stream", path, contentType, ...lifetime, ...closedAtOnce, ifExists: "fail" }
      : {
          kind: "fork-stream",
          path,
          from: fork.source.path,
          position: fork.position,
          ...fork.lifetime,
          ...closedAtOnce,
        };
  if (first.length === 0) return [make];
  return [make, { kind: "append", path, messages: first, ...(closed ? { close: true } : {}) }];
}

type ForkOutcome = ({ kind: "fork" } & ForkPlan) | { kind: "refused"; response: Response };

async function forkOf(context: StreamsContext, incoming: StreamRequest, headers: CreateHeaders): Promise<ForkOutcome> {
  const fork = headers.fork;
  if (fork === undefined) throw new SkeinError("internal", "No fork was asked for.");
  const resolve = incoming.call.forkSource ?? ((source: string) => source);
  const path = resolve(fork.source);
  const source = path === undefined ? undefined : await readForkSource(context.store, path, fork);
  if (source === undefined)
    return { kind: "refused", response: refuse("not_found", "There is no such stream to fork.") };
  if (source.stream.deleted) {
    return { kind: "refused", response: refuse("conflict", "The stream to fork was deleted.") };
  }
  if (headers.contentType !== undefined && headers.contentType !== source.stream.contentType) {
    return {
      kind: "refused",
      response: refuse("conflict", `A fork keeps the content type ${source.stream.contentType}.`),
    };
  }
  const plan = planFork(source.stream, source.at, fork, headers.lifetime);
  if (plan.kind === "out-of-range") {
    return { kind: "refused", response: refuse("invalid_request", "The fork's offset is outside of the stream.") };
  }
  return plan;
}

async function rejected(
  context: StreamsContext,
  { reason }: Extract<CommitOutcome, { kind: "rejected" }>,
  headers: CreateHeaders,
  contentType: string,
  fork: ForkPlan | undefined,
): Promise<Response> {
  // The path is taken by a stream that was deleted and lives on in its forks; or the fork's source just became one.
  if (reason.kind === "stream-gone") return refuse("stream_exists", "A deleted stream with forks is in the way.");
  if (reason.kind !== "stream-exists") return rejectionResponse(reason);
  const { stream } = reason;
  const same =
    !stream.deleted &&
    stream.contentType === contentType &&
    sameLifetime(stream, fork?.lifetime ?? headers.lifetime) &&
    (stream.closed || !headers.closed) &&
    (await sameFork(context.store, stream, fork, headers.fork));
  return same ? empty(200, describe(stream)) : rejectionResponse(reason);
}

function sameLifetime(stream: StreamInfo, asked: CreateHeaders["lifetime"]): boolean {
  if (asked.ttlSeconds !== undefined) return stream.ttlSeconds === asked.ttlSeconds;
  return stream.ttlSeconds === undefined && stream.expiresAt === asked.expiresAt;
}

function describe(stream: StreamInfo) {
  return { ...tailHeaders(stream), ...lifetimeHeaders(stream), "content-type": stream.contentType };
}

function lastStream(outcome: Extract<CommitOutcome, { kind: "committed" }>): StreamInfo {
  const result = outcome.results.at(-1);
  if (result?.kind === "stream" || result?.kind === "appended") return result.stream;
  throw new SkeinError("internal", "The store gave no stream back.");
}
