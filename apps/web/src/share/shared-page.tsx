import { SkeinProvider, useSharedSession } from "@skein/react";
import { useEffect, useMemo, useState } from "react";
import { agentName } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Transcript } from "../transcript/transcript.tsx";
import { TranscriptContext, type TranscriptContextValue } from "../transcript/transcript-context.ts";
import { Button } from "../ui/button.tsx";
import { ConnectionIndicator } from "../ui/connection.tsx";
import { Notice } from "../ui/notice.tsx";
import { Status } from "../ui/status.tsx";
import { ThemeToggle } from "../ui/theme.tsx";
import styles from "./shared-page.module.css";

/**
 * A session for somebody who has a link: the transcript and nothing else. Everything below asks with the link's token,
 * also in a browser that is signed in.
 */
export function SharedPage({ token }: { readonly token: string }) {
  return (
    <SkeinProvider key={token} token={token}>
      <SharedSession />
    </SkeinProvider>
  );
}

function SharedSession() {
  const session = useSharedSession();
  const { shared, phase } = session;
  const title = oneLine(shared?.session.title ?? "", 160) || "A shared session";
  useEffect(() => {
    document.title = `${title} · Skein`;
  }, [title]);
  return (
    <div className={styles["page"]}>
      <header className={styles["header"]}>
        <div className={styles["main"]}>
          <h1 className={styles["title"]}>{title}</h1>
          <p className={styles["facts"]}>
            {shared !== undefined && (
              <>
                <Status status={shared.session.status} since={shared.session.statusSince} />
                <span>
                  {agentName(shared.session.agent)}
                  {shared.session.model !== undefined && ` · ${oneLine(shared.session.model, 28)}`}
                </span>
              </>
            )}
            <span className={styles["mark"]}>Shared with you, for reading</span>
          </p>
        </div>
        {phase.kind === "ready" && <ConnectionIndicator brief />}
        <ThemeToggle />
      </header>
      <main style={{ display: "contents" }}>
        <Content session={session} />
      </main>
    </div>
  );
}

const unable = async (): Promise<void> => {
  throw new Error("A guest answers nothing.");
};
const nothing = (): void => undefined;

function Content({ session }: { readonly session: ReturnType<typeof useSharedSession> }) {
  const { phase, shared } = session;
  const id = shared?.session.id ?? "";
  const [folds] = useState(() => new Map<string, boolean>());
  const context = useMemo<TranscriptContextValue>(
    () => ({
      session: id,
      directory: undefined,
      guest: true,
      answered: new Map(),
      folds,
      goTo: nothing,
      answerPermission: unable,
      answerQuestion: unable,
      linkTo: () => location.origin + location.pathname,
    }),
    [folds, id],
  );
  switch (phase.kind) {
    case "loading":
      return <div aria-busy="true" aria-label="Opening the session" role="status" />;
    case "missing":
    case "denied":
      return (
        <Notice title="This link leads nowhere any more">
          <p>It has ended or was taken back. Ask whoever sent it for a new one.</p>
        </Notice>
      );
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
        <Notice title="Nothing has been said yet" />
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
            sent={0}
            loadOlder={session.loadOlder}
            loadNewer={session.loadNewer}
            toEnd={session.toEnd}
            onFollowing={session.setFollowing}
          />
        </TranscriptContext>
      );
  }
}
