import { SkeinError, type Session } from "@skein/protocol";
import { TRANSCRIPT_EVENT, type CodingSessionTranscriptRow } from "@skein/sessions";
import { z } from "zod";
import type { ServerContext } from "../context.ts";
import { changeEventOf } from "../entities/events.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { announceSession } from "./draft.ts";
import { toSession } from "./session.ts";

export const renaming = z.strictObject({ title: z.string().trim().min(1).max(200) });

/**
 * A person names a session. The name is a row of its history, so that a fork has it too, and no title that an agent
 * finds later takes its place in the list.
 */
export async function renameSession(
  context: ServerContext,
  id: string,
  { title }: z.output<typeof renaming>,
  principal: string,
): Promise<Session> {
  const { store } = context;
  return execute(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["sessions", id]]);
    const session = snapshot.get("sessions", id)?.value;
    if (!session) return refused(new SkeinError("session_not_found", `There is no session ${id}.`));
    if (session.title === title && session.titleFrom === "person") {
      return { kind: "answer", answer: toSession(session) };
    }
    const stamp = { principal, now: store.now() };
    const renamed = { ...session, title, titleFrom: "person" as const };
    const draft = createDraft(snapshot);
    announceSession(draft, renamed, stamp);
    const stream = await store.getStream(session.resource);
    // While a session is being made, it has no history yet.
    if (stream !== undefined && !stream.closed && !stream.deleted) {
      const key = `title:${context.rules.id()}`;
      const row: CodingSessionTranscriptRow = {
        key,
        ts: stamp.now,
        type: "title",
        actor: principal,
        payload: { v: 1, type: "title", title },
      };
      draft.append(session.resource, [changeEventOf(TRANSCRIPT_EVENT, key, "insert", row, stamp)]);
    }
    return { kind: "commit", operations: draft.build().operations, answer: () => toSession(renamed) };
  });
}
