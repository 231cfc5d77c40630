import type { Session } from "@skein/protocol";
import { useSkein } from "@skein/react";
import { codingSessionTranscriptRow, TRANSCRIPT_EVENT, type TranscriptEvent } from "@skein/sessions";
import { isChangeEvent } from "@skein/runtime/client";
import { useEffect, useState } from "react";

export type RequestEvent = Extract<TranscriptEvent, { type: "permission_request" | "question" }>;

/** A request stands near the end of its session's history: nothing but other requests can follow it. */
const NEAR = 60;

/** What exactly is asked: nobody should allow a command that they have not seen. */
export function usePendingRequests(session: Session): ReadonlyMap<string, RequestEvent> {
  const { client } = useSkein();
  const [requests, setRequests] = useState<ReadonlyMap<string, RequestEvent>>(new Map());
  const { resource } = session;
  const wanted = session.pending.map(({ requestId }) => requestId).join(" ");
  useEffect(() => {
    const gone = new AbortController();
    client.readStream(resource, { last: NEAR }, { signal: gone.signal }).then(
      ({ events }) => setRequests(requestsIn(events.filter(isChangeEvent))),
      () => undefined, // The card names the request and leads to the session; the next change tries again.
    );
    return () => gone.abort();
  }, [client, resource, wanted]);
  return requests;
}

function requestsIn(events: readonly { type: string; value?: unknown }[]): ReadonlyMap<string, RequestEvent> {
  const found = new Map<string, RequestEvent>();
  for (const { type, value } of events) {
    if (type !== TRANSCRIPT_EVENT) continue;
    const row = codingSessionTranscriptRow.safeParse(value);
    const payload = row.data?.payload;
    if (payload?.type === "permission_request" || payload?.type === "question") found.set(payload.requestId, payload);
  }
  return found;
}
