import type { Session } from "@skein/protocol";
import { useSessions } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useEffect, useState } from "react";
import { TopBar } from "../app/top-bar.tsx";
import { count } from "../text/format.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { LinkButton } from "../ui/link-button.tsx";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { Facets } from "./facets.tsx";
import { matchesFacets, matchesFilter, needsYou, type Narrowed } from "./filter.ts";
import { NeedsYou } from "./needs-you.tsx";
import { SessionRow } from "./session-row.tsx";
import styles from "./sessions-page.module.css";
import { useListKeys } from "./use-list-keys.ts";

export function SessionsPage() {
  const { phase, sessions, more, loadMore } = useSessions();
  const navigate = useNavigate();
  const openNew = useCallback(() => void navigate({ to: "/new" }), [navigate]);
  const { filter: filterRef, list } = useListKeys(openNew);
  const [filter, setFilter] = useState("");
  const [narrowed, setNarrowed] = useState<Narrowed>({});
  const deferred = useDeferredValue(filter);
  useEffect(() => {
    document.title = "Sessions · Skein";
  }, []);
  const shown = sessions.filter((session) => matchesFacets(session, narrowed) && matchesFilter(session, deferred));
  const showAll = (): void => {
    setFilter("");
    setNarrowed({});
  };
  return (
    <div className={styles["page"]}>
      <TopBar>
        <Button look="primary" onClick={openNew}>
          <Icon name="plus" />
          New
        </Button>
      </TopBar>
      <main className={styles["scroll"]} tabIndex={-1}>
        <div className={styles["content"]}>
          {phase.kind === "ready" && <NeedsYou sessions={needsYou(sessions)} />}
          <div className={styles["tools"]}>
            <h1>Sessions</h1>
            <span className={styles["count"]}>{phase.kind === "ready" && summary(shown, sessions, more)}</span>
            <Facets sessions={sessions} narrowed={narrowed} onNarrow={setNarrowed} />
            <label className={styles["filter"]}>
              <Icon name="search" />
              <input
                ref={filterRef}
                type="search"
                placeholder="Filter"
                aria-label="Filter sessions"
                value={filter}
                onChange={(event) => setFilter(event.target.value)}
              />
              <kbd>/</kbd>
            </label>
          </div>
          {phase.kind === "loading" && <Skeleton />}
          {phase.kind === "denied" && <SignedOut />}
          {phase.kind === "failed" && (
            <Notice
              title="The list cannot be shown"
              actions={<Button onClick={() => location.reload()}>Try again</Button>}
            >
              <p>{phase.message}</p>
            </Notice>
          )}
          {phase.kind === "ready" && sessions.length === 0 && <Welcome />}
          {phase.kind === "ready" && sessions.length > 0 && shown.length === 0 && (
            <Notice title="No session matches" actions={<Button onClick={showAll}>Show all</Button>} />
          )}
          {shown.length > 0 && (
            <ul className={styles["list"]} ref={list} aria-label="Sessions">
              {shown.map((session) => (
                <li key={session.id}>
                  <SessionRow session={session} />
                </li>
              ))}
            </ul>
          )}
          {more && (
            <div className={styles["more"]}>
              <Button onClick={loadMore}>Show older sessions</Button>
            </div>
          )}
        </div>
      </main>
    </div>
  );
}

function summary(shown: readonly Session[], all: readonly Session[], more: boolean): string {
  const total = `${count(all.length, "session")}${more ? " and more" : ""}`;
  return shown.length === all.length ? total : `${shown.length} of ${total}`;
}

function Skeleton() {
  return (
    <ul className={styles["list"]} aria-label="Loading sessions" aria-busy="true">
      {[1, 2, 3, 4].map((row) => (
        <li key={row} className={styles["skeleton"]} />
      ))}
    </ul>
  );
}

function Welcome() {
  return (
    <Notice
      title="No sessions yet"
      actions={
        <>
          <LinkButton to="/new" search={{ how: "create" }} look="primary">
            Start a session
          </LinkButton>
          <LinkButton to="/new" search={{ how: "attach" }}>
            Attach one from this machine
          </LinkButton>
        </>
      }
    >
      <p>
        A session is a conversation with a coding agent that outlives its process: close the laptop, open it on another
        device, and it is all there.
      </p>
    </Notice>
  );
}
