import type { CoderActions, CodingSession, OutgoingPrompt } from "@skein/react";
import { useMemo } from "react";
import { oneLine } from "../text/visible-text.ts";
import composer from "./composer.module.css";
import { Composer } from "./composer.tsx";
import { Queue } from "./queue.tsx";
import { useSteers } from "./use-steers.ts";

export interface FootProps {
  readonly session: CodingSession;
  readonly coder: CoderActions;
  readonly running: boolean;
  readonly failure: string | undefined;
  readonly onSend: (prompt: OutgoingPrompt) => void;
  readonly onStop: () => void;
}

/** What waits, what went wrong, and where the next prompt is written. */
export function Foot({ session, coder, running, failure, onSend, onStop }: FootProps) {
  const { phase, status, error, items } = session;
  const steers = useSteers(session.session?.agent, running);
  const prompts = useMemo(() => items.flatMap((item) => (item.kind === "prompt" ? [item.text] : [])), [items]);
  if (phase.kind !== "ready" && phase.kind !== "loading") return null;
  if (status === "killed") {
    return (
      <footer className={composer["composer"]}>
        <p className={`${composer["inner"]} ${composer["ended"]}`}>
          This session has ended. Its history stays; it takes no more prompts.
        </p>
      </footer>
    );
  }
  const told = items.slice(-4).some((item) => item.kind === "error");
  const problem = failure ?? (status === "error" && !told ? error?.message : undefined);
  return (
    <footer className={composer["composer"]}>
      <div className={composer["inner"]}>
        {problem !== undefined && (
          <p role="alert" className={composer["problem"]}>
            {oneLine(problem, 400)}
          </p>
        )}
        <Queue session={session} coder={coder} />
        <Composer
          sessionId={session.id}
          running={running}
          steers={steers}
          prompts={prompts}
          onSend={onSend}
          onStop={onStop}
        />
      </div>
    </footer>
  );
}
