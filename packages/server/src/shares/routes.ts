import { PREFIX, shareRequest, SkeinError, type Share, type ShareCreated, type SharedSession } from "@skein/protocol";
import type { Operation } from "@skein/store";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import { param, type Route, type RouteRequest } from "../http/router.ts";
import type { ShareRecord } from "../records/collections.ts";
import { execute } from "../records/execute.ts";
import { getSession } from "../sessions/list.ts";
import { hasEnded } from "./guest.ts";

const WEEK_MS = 7 * 24 * 60 * 60_000;
/** Of one session, at a time. */
const MAX_SHARES = 100;

/** Share links are made, listed and taken back by whoever has the server's token, and by no guest. */
export function shareRoutes(context: ServerContext): Route[] {
  const pattern = `${PREFIX}/shares`;
  return [
    { method: "GET", pattern: `${pattern}/self`, guest: () => true, handle: (route) => describe(context, route) },
    { method: "GET", pattern, handle: ({ url }) => list(context, url.searchParams.get("session") ?? "") },
    { method: "POST", pattern, handle: (route) => create(context, route) },
    { method: "DELETE", pattern: `${pattern}/:share`, handle: (route) => remove(context, param(route, "share")) },
  ];
}

async function describe(context: ServerContext, { guest }: RouteRequest): Promise<Response> {
  if (!guest) throw new SkeinError("invalid_request", "This tells a share's guest what was shared: bring its token.");
  const { id, title, agent, model, status, statusSince, createdAt, turns } = await getSession(context, guest.session);
  const session = { id, title, agent, ...(model !== undefined && { model }), status, statusSince, createdAt, turns };
  const { expiresAt } = guest;
  return json({ session, ...(expiresAt !== undefined && { expiresAt }) } satisfies SharedSession);
}

async function list(context: ServerContext, session: string): Promise<Response> {
  return json({ shares: (await sharesOf(context, session)).shares.map(toShare) });
}

async function create(context: ServerContext, { request, principal }: RouteRequest): Promise<Response> {
  const { store } = context;
  const { session, label, expiresInMs = WEEK_MS } = await readJson(request, shareRequest);
  await getSession(context, session);
  const { shares, ended } = await sharesOf(context, session);
  if (shares.length >= MAX_SHARES) {
    throw new SkeinError("conflict", `A session has ${MAX_SHARES} links at most: take one back first.`);
  }
  const now = store.now();
  const id = context.rules.id();
  const secret = context.secret();
  const record: ShareRecord = {
    id,
    session,
    ...(label !== undefined && { label }),
    createdBy: principal,
    createdAt: now,
    ...(expiresInMs !== null && { expiresAt: now + expiresInMs }),
    tokenHash: hashSecret(secret),
  };
  // The same moment clears away those that have ended.
  const operations: Operation[] = [
    { kind: "put-record", collection: "shares", id, value: record, expectedVersion: 0 },
    ...ended.map((one): Operation => ({ kind: "delete-record", collection: "shares", id: one.id })),
  ];
  await execute(store, async () => ({ kind: "commit", operations, answer: () => undefined }));
  return json({ share: toShare(record), token: `skein_share_${id}_${secret}` } satisfies ShareCreated, { status: 201 });
}

async function remove({ store }: ServerContext, id: string): Promise<Response> {
  if (!(await store.getRecord("shares", id))) throw new SkeinError("not_found", `There is no link ${id}.`);
  const operation: Operation = { kind: "delete-record", collection: "shares", id };
  await execute(store, async () => ({ kind: "commit", operations: [operation], answer: () => undefined }));
  return noContent();
}

/** Those that still lead somewhere, oldest first, and those that do not. */
async function sharesOf(
  { store }: ServerContext,
  session: string,
): Promise<{ readonly shares: readonly ShareRecord[]; readonly ended: readonly ShareRecord[] }> {
  const query = { collection: "shares", index: "bySession", equals: [session], limit: 1000 } as const;
  const { records } = await store.queryRecords<ShareRecord>(query);
  const all = records.map(({ value }) => value);
  const now = store.now();
  return { shares: all.filter((one) => !hasEnded(one, now)), ended: all.filter((one) => hasEnded(one, now)) };
}

function toShare(record: ShareRecord): Share {
  const { tokenHash: _, ...share } = record;
  return share;
}
