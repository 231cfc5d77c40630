import type { PermissionDecision, TranscriptItem } from "@skein/react";
import { createContext, use } from "react";

/** What the parts of a transcript need beside their item. */
export interface TranscriptContextValue {
  /** Its id. */
  readonly session: string;
  readonly directory: string | undefined;
  /** Somebody who may read, and answers nothing. */
  readonly guest?: boolean;
  /** Requests whose answer is on its way. */
  readonly answered: ReadonlyMap<string, string>;
  readonly answerPermission: (requestId: string, decision: PermissionDecision, message?: string) => Promise<void>;
  readonly answerQuestion: (requestId: string, answers: Record<string, string>) => Promise<void>;
  /** Shows a row of the transcript, wherever in the history it stands. */
  readonly goTo: (row: string, position: number) => void;
  /** Asks how to go on from an item in another session. Absent where that cannot be. */
  readonly fork?: ((from: TranscriptItem) => void) | undefined;
  readonly linkTo: (row: string, position: number) => string;
  /** What has been folded or unfolded by hand: it must survive that a row leaves the page by scrolling. */
  readonly folds: Map<string, boolean>;
}

export const TranscriptContext = createContext<TranscriptContextValue | undefined>(undefined);

export function useTranscript(): TranscriptContextValue {
  const value = use(TranscriptContext);
  if (value === undefined) throw new Error("this needs a transcript around it");
  return value;
}
