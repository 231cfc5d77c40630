import type { CodingSession } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { agentName, cost, shortPath, tokens } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { ShareButton } from "../share/share-button.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { ConnectionIndicator } from "../ui/connection.tsx";
import { Icon } from "../ui/icon.tsx";
import menu from "../ui/menu.module.css";
import { Status } from "../ui/status.tsx";
import type { View } from "../viewers/views.ts";
import styles from "./session-header.module.css";
import { SessionTitle } from "./session-title.tsx";

/** The menu and its dialog, 50 kB, are fetched when somebody is about to open them. */
const loadMenu = async () => ({ default: (await import("./more-menu.tsx")).MoreMenu });
const MoreMenu = lazy(loadMenu);

export interface SessionHeaderProps {
  readonly session: CodingSession;
  readonly running: boolean;
  readonly stopping: boolean;
  readonly view: View | undefined;
  readonly onView: (view: View | undefined) => void;
  readonly onStop: () => void;
  readonly onFork: () => void;
  readonly onEnd: () => Promise<void>;
}

export function SessionHeader(props: SessionHeaderProps) {
  const { session, running, stopping, view, onView, onStop, onFork, onEnd } = props;
  const navigate = useNavigate();
  const { session: row, status, statusSince, phase } = session;
  return (
    <header className={styles["header"]}>
      <IconButton
        icon="back"
        label="All sessions"
        className={styles["back"]}
        onClick={() => void navigate({ to: "/" })}
      />
      <div className={styles["main"]}>
        <SessionTitle session={session} />
        <div className={styles["facts"]}>
          {(phase.kind === "ready" || row !== undefined) && <Status status={status} since={statusSince} />}
          {row !== undefined && (
            <>
              <span>
                {agentName(row.agent)}
                {row.model !== undefined && ` · ${oneLine(row.model, 28)}`}
              </span>
              <code title={row.cwd}>
                {shortPath(oneLine(row.cwd, 300), 40)}
                {row.branch !== undefined && ` (${oneLine(row.branch, 40)})`}
              </code>
            </>
          )}
          <UsageFacts session={session} />
        </div>
      </div>
      <div className={styles["tools"]}>
        <span className={styles["connection"]}>
          <ConnectionIndicator brief />
        </span>
        {running && (
          <Button look="danger" onClick={onStop} disabled={stopping} aria-label={stopping ? "Stopping" : "Stop"}>
            <Icon name="stop" size={12} />
            <span className={menu["desktop"]}>{stopping ? "Stopping" : "Stop"}</span>
          </Button>
        )}
        <span className={menu["desktop"]}>
          <IconButton icon="fork" label="Fork this session" onClick={onFork} />
        </span>
        <IconButton
          icon="panel"
          label={view === undefined ? "Show the viewers" : "Hide the viewers"}
          aria-pressed={view !== undefined}
          onClick={() => onView(view === undefined ? "changes" : undefined)}
        />
        <ShareButton session={session.id} />
        <More ended={status === "killed"} onFork={onFork} onEnd={onEnd} />
      </div>
    </header>
  );
}

function UsageFacts({ session }: { readonly session: CodingSession }) {
  const { usage, session: row } = session;
  const spent = row?.costUsd;
  const { contextTokens, contextWindow } = usage ?? {};
  return (
    <>
      {contextTokens !== undefined && contextWindow !== undefined && contextWindow > 0 && (
        <span className={styles["gauge"]} title={`${contextTokens} of ${contextWindow} tokens`}>
          <meter
            min={0}
            max={contextWindow}
            high={contextWindow * 0.8}
            value={contextTokens}
            aria-label="Context in use"
          />
          {tokens(contextTokens)} of {tokens(contextWindow)}
        </span>
      )}
      {spent !== undefined && spent > 0 && <span title="Cost of this session so far">{cost(spent)}</span>}
    </>
  );
}

function More(props: { readonly ended: boolean; readonly onFork: () => void; readonly onEnd: () => Promise<void> }) {
  const [wanted, setWanted] = useState(false);
  const preload = (): void => {
    // Without the network the click tries again, and the page says that it is offline.
    loadMenu().catch(() => undefined);
  };
  const button = (
    <IconButton
      icon="more"
      label="More"
      aria-haspopup="menu"
      onPointerEnter={preload}
      onFocus={preload}
      onClick={() => setWanted(true)}
    />
  );
  return wanted ? (
    <Suspense fallback={button}>
      <MoreMenu {...props} />
    </Suspense>
  ) : (
    button
  );
}
