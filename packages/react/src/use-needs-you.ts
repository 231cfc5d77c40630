import type { Session } from "@skein/protocol";
import { useMemo } from "react";
import { useSessions } from "./use-sessions.ts";

/** Something of a session that waits for a person. */
export type Need =
  | {
      readonly kind: "permission" | "question";
      readonly session: Session;
      readonly request: Session["pending"][number];
    }
  | { readonly kind: "failed"; readonly session: Session };

/** Open requests first, then failed turns, each of the session that was active last first. */
export function needsOf(sessions: readonly Session[]): readonly Need[] {
  const asked = sessions
    .filter(({ status }) => status === "waiting")
    .flatMap((session) => session.pending.map((request): Need => ({ kind: request.kind, session, request })));
  const failed = sessions.filter(({ status }) => status === "error");
  return [...asked, ...failed.map((session): Need => ({ kind: "failed", session }))];
}

/** What waits for a person, over all sessions that are listed, live. */
export function useNeedsYou(): readonly Need[] {
  const { sessions } = useSessions();
  return useMemo(() => needsOf(sessions), [sessions]);
}
