import type { ClaimLive } from "@skein/protocol";
import { changeEvent, mainStream, sharedStateStream, SkeinError } from "@skein/protocol";
import { z } from "zod";
import { requireClaim } from "./dispatch.ts";
import type { Asked } from "./routes.ts";
import type { FakeState } from "./state.ts";
import { agentPrincipal, makeStream, requireEntity, stamped } from "./state.ts";
import { answerHead, answerRead } from "./streams.ts";
import { parseResource } from "./writes.ts";

export function answerMain(state: FakeState, url: string, request: Request): Promise<Response> | Response {
  requireEntity(state, url);
  const stream = makeStream(state, mainStream(url));
  return request.method === "HEAD" ? answerHead(stream) : answerRead(stream, request, state.clock);
}

/** A shared state's stream: read by anybody, written from outside where it is no coding session. */
export async function answerResource({ state, request, path, stamp }: Asked): Promise<Response> {
  const address = parseResource(path);
  if (!address) throw new SkeinError("invalid_request", `${path} is not a shared state.`);
  const blob = state.blobs.get(path);
  if (blob) return new Response(Uint8Array.from(blob.bytes), { headers: { "content-type": blob.mime } });
  const there = state.streams.get(path);
  if (request.method === "PUT" || request.method === "POST") {
    if (address.session) throw new SkeinError("forbidden", "A coding session is written by its coder only.");
    if (address.part === "live") throw new SkeinError("method_not_allowed", "Deltas are sent under a claim.");
    if (request.method === "PUT") {
      makeStream(state, path);
      return new Response(null, { status: there ? 200 : 201 });
    }
    if (!there) throw new SkeinError("not_found", `There is no stream ${path}.`);
    const body: unknown = await request.json();
    const events = z.array(changeEvent).safeParse(Array.isArray(body) ? body : [body]);
    if (!events.success) throw new SkeinError("invalid_request", "The body is not a list of events.");
    there.append(events.data.map((event) => stamped(event, stamp)));
    return new Response(null, { status: 204, headers: { "stream-next-offset": there.head } });
  }
  if (!there) throw new SkeinError("not_found", `There is no stream ${path}.`);
  return request.method === "HEAD" ? answerHead(there) : answerRead(there, request, state.clock);
}

/** Deltas of a running handler, beside a resource that it has declared. */
export function appendLive(state: FakeState, url: string, body: ClaimLive, now: number): void {
  const address = parseResource(body.stream);
  const entity = requireClaim(state, url, body);
  if (!address || !entity.links.has(address.resource) || !/^(?:main|live)$/.test(address.part)) {
    throw new SkeinError("forbidden", `${body.stream} is not a shared state that this entity has declared.`);
  }
  const stream = makeStream(state, `${sharedStateStream(address.resource)}/live`);
  stream.append(body.events.map((event) => stamped(event, { principal: agentPrincipal(url), now })));
}

export async function putBlob(state: FakeState, url: string, request: Request): Promise<void> {
  const path = new URL(request.url).searchParams.get("stream") ?? "";
  const { headers } = request;
  const ref = { claimId: headers.get("skein-claim") ?? "", generation: Number(headers.get("skein-generation")) };
  const entity = requireClaim(state, url, ref);
  const address = parseResource(path);
  if (!address?.part.startsWith("blobs/") || !entity.links.has(address.resource)) {
    throw new SkeinError("forbidden", `${path} is not a blob of a session that this entity has declared.`);
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  state.blobs.set(path, { mime: headers.get("content-type") ?? "application/octet-stream", bytes });
}
