import { SkeinError } from "@skein/protocol";
import { useCoder, useCodingSession, type CodingSession, type CoderActions } from "@skein/react";
import { useEffect, useMemo, useState } from "react";
import { oneLine } from "../text/visible-text.ts";
import { Transcript } from "../transcript/transcript.tsx";
import { TranscriptContext, type TranscriptContextValue } from "../transcript/transcript-context.ts";
import { Button } from "../ui/button.tsx";
import { failureText } from "../ui/failure.ts";
import { LinkButton } from "../ui/link-button.tsx";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { statusWord } from "../ui/status.tsx";
import composer from "./composer.module.css";
import { Composer } from "./composer.tsx";
import { Queue } from "./queue.tsx";
import { SessionHeader } from "./session-header.tsx";
import styles from "./session-page.module.css";
import { SideList } from "./side-list.tsx";

export interface SessionRouteProps {
  readonly sessionId: string;
  readonly row: string | undefined;
  readonly at: number | undefined;
}

export function SessionRoute({ sessionId, row, at }: SessionRouteProps) {
  const session = useCodingSession(sessionId, { position: at });
  const coder = useCoder(session.session?.coder);
  const { stop, stopping, failure } = useStop(session, coder);
  const [sent, setSent] = useState(0);
  const running = session.status === "running" || session.status === "waiting";
  const title = oneLine(session.session?.title ?? "", 80) || "Session";
  useEffect(() => {
    document.title = `${running ? "● " : ""}${title} · Skein`;
  }, [running, title]);
  return (
    <div className={styles["shell"]}>
      <nav className={styles["side"]} aria-label="Sessions">
        <SideList />
      </nav>
      <div className={styles["page"]}>
        <SessionHeader session={session} running={running} stopping={stopping} onStop={stop} onEnd={coder.kill} />
        <main style={{ display: "contents" }}>
          <Content session={session} coder={coder} row={row} sent={sent} />
        </main>
        <Foot
          session={session}
          coder={coder}
          running={running}
          failure={failure}
          onSend={(text) => {
            session.send(text);
            setSent(sent + 1);
          }}
          onStop={stop}
        />
        <LiveRegion session={session} />
      </div>
    </div>
  );
}

interface PartProps {
  readonly session: CodingSession;
  readonly coder: CoderActions;
}

interface ContentProps extends PartProps {
  readonly row: string | undefined;
  readonly sent: number;
}

function Content({ session, coder, row, sent }: ContentProps) {
  const { id, answered, phase } = session;
  const directory = session.session?.cwd;
  const [folds] = useState(() => new Map<string, boolean>());
  const context = useMemo<TranscriptContextValue>(
    () => ({
      session: id,
      directory,
      answered,
      folds,
      answerPermission: async (requestId, decision, message) =>
        void (await coder.answerPermission(requestId, decision, message)),
      answerQuestion: async (requestId, answers) => void (await coder.answerQuestion(requestId, answers)),
      linkTo: (key, position) => {
        const search = new URLSearchParams({ row: JSON.stringify(key), at: String(position) });
        return `${location.origin}/s/${encodeURIComponent(id)}?${search.toString()}`;
      },
    }),
    [directory, answered, folds, coder, id],
  );
  switch (phase.kind) {
    case "loading":
      return <div aria-busy="true" aria-label="Opening the session" role="status" />;
    case "missing":
      return (
        <Notice title="This session is not here" actions={<LinkButton to="/">All sessions</LinkButton>}>
          <p>It was removed, or the link belongs to another server.</p>
        </Notice>
      );
    case "denied":
      return <SignedOut />;
    case "failed":
      return (
        <Notice
          title="The session cannot be shown"
          actions={<Button onClick={() => location.reload()}>Try again</Button>}
        >
          <p>{phase.message}</p>
        </Notice>
      );
    case "ready":
      return session.items.length === 0 && session.atStart ? (
        <Notice title={session.status === "initializing" ? "The agent is starting" : "Nothing has been said yet"}>
          <p>Write a prompt below. It runs even if you close this page.</p>
        </Notice>
      ) : (
        <TranscriptContext value={context}>
          <Transcript
            key={session.opening}
            items={session.items}
            atStart={session.atStart}
            atEnd={session.atEnd}
            missed={session.missed}
            loading={session.loading}
            active={session.status === "running" || session.status === "waiting"}
            target={row}
            sent={sent}
            loadOlder={session.loadOlder}
            loadNewer={session.loadNewer}
            toEnd={session.toEnd}
            onFollowing={session.setFollowing}
          />
        </TranscriptContext>
      );
  }
}

interface FootProps extends PartProps {
  readonly running: boolean;
  readonly failure: string | undefined;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

function Foot({ session, coder, running, failure, onSend, onStop }: FootProps) {
  const { phase, status, error, items } = session;
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
        <Queue session={session} onCancel={coder.cancelQueued} onEdit={coder.editQueued} />
        <Composer sessionId={session.id} running={running} prompts={prompts} onSend={onSend} onStop={onStop} />
      </div>
    </footer>
  );
}

/** Says what changed to those who cannot see it. */
function LiveRegion({ session }: { readonly session: CodingSession }) {
  return (
    <p className={styles["spoken"]} aria-live="polite">
      {session.phase.kind === "ready" && statusWord(session.status)}
    </p>
  );
}

function useStop(session: CodingSession, coder: CoderActions) {
  const [stopping, setStopping] = useState(false);
  const [failure, setFailure] = useState<string>();
  const busy = session.status === "running" || session.status === "waiting";
  useEffect(() => {
    if (!busy) setStopping(false);
  }, [busy]);
  const stop = (): void => {
    if (!busy || stopping) return;
    setStopping(true);
    setFailure(undefined);
    coder.interrupt().catch((error: unknown) => {
      setStopping(false);
      // It ended by itself in the meantime: that is what was wanted.
      if (error instanceof SkeinError && error.code === "conflict") return;
      setFailure(failureText(error));
    });
  };
  return { stop, stopping, failure };
}
