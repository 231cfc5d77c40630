import { SkeinError } from "@skein/protocol";
import {
  useCoder,
  useCodingSession,
  type CodingSession,
  type CoderActions,
  type OutgoingPrompt,
  type TranscriptItem,
} from "@skein/react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { oneLine } from "../text/visible-text.ts";
import { Transcript } from "../transcript/transcript.tsx";
import { TranscriptContext } from "../transcript/transcript-context.ts";
import { Button } from "../ui/button.tsx";
import { failureText } from "../ui/failure.ts";
import { LinkButton } from "../ui/link-button.tsx";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { statusWord } from "../ui/status.tsx";
import type { View } from "../viewers/views.ts";
import { Foot } from "./session-foot.tsx";
import { cutAt, WHOLE, type ForkCut } from "./fork-cut.ts";
import { SessionHeader } from "./session-header.tsx";
import styles from "./session-page.module.css";
import { SideList } from "./side-list.tsx";
import { useSessionCommands } from "./use-session-commands.ts";
import { useSessionContext } from "./use-session-context.ts";
import { useTarget, type Target } from "./use-target.ts";

/** The viewers, and what they are made with, are fetched when one is opened. */
const ForkDialog = lazy(async () => ({ default: (await import("./fork-dialog.tsx")).ForkDialog }));
const Panel = lazy(async () => ({ default: (await import("../viewers/panel.tsx")).Panel }));

export interface SessionRouteProps {
  readonly sessionId: string;
  readonly row?: string | undefined;
  readonly at?: number | undefined;
  readonly view?: View | undefined;
}

export function SessionRoute({ sessionId, row, at, view }: SessionRouteProps) {
  const { target, goTo, setView } = useTarget(row, at);
  const session = useCodingSession(sessionId, { position: target?.position });
  const coder = useCoder(session.session?.coder);
  const [cut, setCut] = useState<ForkCut>();
  const fork = useCallback((item: TranscriptItem) => setCut(cutAt(item)), []);
  const context = useSessionContext(session, coder, { goTo, fork });
  const { stop, stopping, failure } = useStop(session, coder);
  const [sent, setSent] = useState(0);
  const running = session.status === "running" || session.status === "waiting";
  const forkWhole = useCallback(() => setCut(WHOLE), []);
  useSessionCommands({ running, view, onView: setView, onStop: stop, onFork: forkWhole });
  const title = oneLine(session.session?.title ?? "", 80) || "Session";
  useEffect(() => {
    document.title = `${running ? "● " : ""}${title} · Skein`;
  }, [running, title]);
  const send = ({ text, ...options }: OutgoingPrompt): void => {
    session.send(text, options);
    setSent(sent + 1);
  };
  return (
    <TranscriptContext value={context}>
      <div className={`${styles["shell"]} ${view === undefined ? "" : styles["withPanel"]}`}>
        <nav className={styles["side"]} aria-label="Sessions">
          <SideList />
        </nav>
        <div className={styles["page"]}>
          <SessionHeader
            session={session}
            running={running}
            stopping={stopping}
            view={view}
            onView={setView}
            onStop={stop}
            onFork={forkWhole}
            onEnd={coder.kill}
          />
          <main style={{ display: "contents" }}>
            <Content session={session} target={target} sent={sent} running={running} />
          </main>
          <Foot session={session} coder={coder} running={running} failure={failure} onSend={send} onStop={stop} />
          <LiveRegion session={session} />
        </div>
        {cut !== undefined && (
          <Suspense fallback={null}>
            <ForkDialog session={session} cut={cut} onClose={() => setCut(undefined)} />
          </Suspense>
        )}
        {view !== undefined && (
          <Suspense fallback={<aside aria-busy="true" aria-label="Viewers" />}>
            <Panel session={session} view={view} onView={setView} />
          </Suspense>
        )}
      </div>
    </TranscriptContext>
  );
}

interface ContentProps {
  readonly session: CodingSession;
  readonly target: Target | undefined;
  readonly sent: number;
  readonly running: boolean;
}

function Content({ session, target, sent, running }: ContentProps) {
  const { phase } = session;
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
        <Transcript
          key={session.opening}
          items={session.items}
          atStart={session.atStart}
          atEnd={session.atEnd}
          missed={session.missed}
          loading={session.loading}
          active={running}
          target={target}
          sent={sent}
          loadOlder={session.loadOlder}
          loadNewer={session.loadNewer}
          toEnd={session.toEnd}
          onFollowing={session.setFollowing}
        />
      );
  }
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
