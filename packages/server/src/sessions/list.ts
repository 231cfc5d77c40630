import { SkeinError, type Session, type SessionPage } from "@skein/protocol";
import { z } from "zod";
import type { ServerContext } from "../context.ts";
import { directoryOffset } from "../entities/directory.ts";
import { toSession, type SessionRecord } from "./session.ts";

export const sessionQuery = z.strictObject({
  after: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Newest activity first. */
export async function listSessions(
  { store }: ServerContext,
  { after, limit }: z.output<typeof sessionQuery>,
): Promise<SessionPage> {
  const offset = await directoryOffset(store);
  const page = await store.queryRecords<SessionRecord>({
    collection: "sessions",
    index: "byActivity",
    descending: true,
    limit,
    ...(after !== undefined && { after }),
  });
  const sessions = page.records.map(({ value }) => toSession(value));
  return { sessions, ...(page.next !== undefined && { next: page.next }), offset };
}

export async function getSession({ store }: ServerContext, id: string): Promise<Session> {
  const record = await store.getRecord<SessionRecord>("sessions", id);
  if (!record) throw new SkeinError("session_not_found", `There is no session ${id}.`);
  return toSession(record.value);
}
