import { PREFIX, session as sessionSchema, type Session } from "@skein/protocol";
import { useCallback } from "react";
import { useSkein } from "./provider.tsx";

/** Names a session, for everybody; no title that its agent finds later takes the name's place. Rejects with a `SkeinError`. */
export function useRenameSession(sessionId: string): (title: string) => Promise<Session> {
  const { client } = useSkein();
  return useCallback(
    async (title) =>
      client.transport.json(sessionSchema, "PUT", `${PREFIX}/sessions/${encodeURIComponent(sessionId)}/title`, {
        body: { title },
      }),
    [client, sessionId],
  );
}
