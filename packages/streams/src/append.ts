import { SkeinError } from "@skein/protocol";
import type { CommitOutcome, Operation } from "@skein/store";
import { readBody } from "./body.ts";
import type { StreamRequest, StreamsContext } from "./context.ts";
import { splitBody } from "./messages.ts";
import { HEADERS } from "./protocol.ts";
import { rejectionResponse } from "./rejections.ts";
import { empty, tailHeaders } from "./responses.ts";
import { parseAppendHeaders, type AppendHeaders } from "./write-headers.ts";

/**
 * POST: messages, the end of the stream, or both; in one commit with the producer's state. The answer means: durable.
 */
export async function append(context: StreamsContext, incoming: StreamRequest): Promise<Response> {
  const { request, path, call } = incoming;
  const headers = parseAppendHeaders(request.headers);
  const body = await readBody(request, context.maxBodyBytes);
  if (body.length === 0 && !headers.close) throw bad("An append needs a body.");
  if (body.length > 0 && headers.contentType === undefined) throw bad("An append needs a Content-Type.");
  const messages = body.length === 0 ? [] : splitBody(headers.contentType ?? "", body);
  if (body.length > 0 && messages.length === 0) throw bad("An empty array appends nothing.");
  const refusal = messages.length === 0 ? undefined : call.check?.(messages);
  if (refusal !== undefined) throw refusal;
  return answer(await context.store.commit([planAppend(path, headers, messages)]), headers, messages.length === 0);
}

export function planAppend(path: string, headers: AppendHeaders, messages: readonly Uint8Array[]): Operation {
  const { contentType, close, producer, streamSeq, expectedHead } = headers;
  return {
    kind: "append",
    path,
    messages,
    // A request that only closes has no content and so no type to agree on.
    ...(messages.length > 0 && contentType !== undefined ? { contentType } : {}),
    ...(producer === undefined ? {} : { producer }),
    ...(streamSeq === undefined ? {} : { streamSeq }),
    ...(expectedHead === undefined ? {} : { expectedHead }),
    ...(close ? { close } : {}),
  };
}

function answer(outcome: CommitOutcome, { producer }: AppendHeaders, closeOnly: boolean): Response {
  if (outcome.kind === "rejected") {
    const { reason } = outcome;
    // Closing what is closed: it is as asked. A producer's retry is a duplicate and does not come here.
    if (closeOnly && producer === undefined && reason.kind === "stream-closed") {
      return empty(204, tailHeaders(reason.stream));
    }
    return rejectionResponse(reason);
  }
  const [result] = outcome.results;
  if (result?.kind !== "appended") throw new SkeinError("internal", "The store gave no stream back.");
  const headers = tailHeaders(result.stream);
  if (producer === undefined) return empty(204, headers);
  return empty(closeOnly ? 204 : 200, {
    ...headers,
    [HEADERS.producerEpoch]: String(producer.epoch),
    [HEADERS.producerSeq]: String(producer.seq),
  });
}

function bad(message: string): SkeinError {
  return new SkeinError("invalid_request", message);
}
