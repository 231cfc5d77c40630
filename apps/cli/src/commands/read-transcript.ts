import { isChangeEvent, type Client } from "@skein/runtime/client";
import {
  codingSessionInfoRow,
  codingSessionTranscriptRow,
  SESSION_INFO_EVENT,
  sessionStreams,
  TRANSCRIPT_EVENT,
  type CodingSessionInfoRow,
  type CodingSessionTranscriptRow,
} from "@skein/sessions";
import { usageError } from "../failure.ts";
import { sessionOf } from "./session-of.ts";

export interface Transcript {
  readonly session: string;
  readonly info: CodingSessionInfoRow | undefined;
  readonly rows: readonly CodingSessionTranscriptRow[];
}

/** A coder's session, from its beginning to now. Rows that do not fit are left out. */
export async function readTranscript(client: Client, url: string): Promise<Transcript> {
  const session = sessionOf(await client.getEntity(url));
  if (session === undefined) throw usageError(`${url} has no session.`, "This is for coders.");
  const rows: CodingSessionTranscriptRow[] = [];
  let info: CodingSessionInfoRow | undefined;
  for (let from = "-1", done = false; !done;) {
    const batch = await client.readStream(sessionStreams(session).main, { from });
    for (const event of batch.events) {
      if (!isChangeEvent(event)) continue;
      if (event.type === SESSION_INFO_EVENT) info = codingSessionInfoRow.safeParse(event.value).data ?? info;
      const row = event.type === TRANSCRIPT_EVENT ? codingSessionTranscriptRow.safeParse(event.value).data : undefined;
      if (row !== undefined) rows.push(row);
    }
    [from, done] = [batch.offset, batch.upToDate];
  }
  return { session, info, rows };
}
