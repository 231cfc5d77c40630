import type { CodingSession, CoderActions } from "@skein/react";
import { useMemo, useState } from "react";
import type { TranscriptContextValue } from "../transcript/transcript-context.ts";

/** What the parts of a transcript, and the viewers beside it, share. */
export function useSessionContext(
  session: CodingSession,
  coder: CoderActions,
  { goTo, fork }: Pick<TranscriptContextValue, "goTo" | "fork">,
): TranscriptContextValue {
  const { id, answered } = session;
  const directory = session.session?.cwd;
  const [folds] = useState(() => new Map<string, boolean>());
  return useMemo<TranscriptContextValue>(
    () => ({
      session: id,
      directory,
      answered,
      folds,
      goTo,
      fork,
      answerPermission: async (requestId, decision, message) =>
        void (await coder.answerPermission(requestId, decision, message)),
      answerQuestion: async (requestId, answers) => void (await coder.answerQuestion(requestId, answers)),
      linkTo: (key, position) => {
        const search = new URLSearchParams({ row: JSON.stringify(key), at: String(position) });
        return `${location.origin}/s/${encodeURIComponent(id)}?${search.toString()}`;
      },
    }),
    [directory, answered, folds, coder, id, goTo, fork],
  );
}
