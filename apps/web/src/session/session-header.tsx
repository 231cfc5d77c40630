import { Menu } from "@base-ui/react/menu";
import type { CodingSession } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { agentName, cost, shortPath, tokens } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { ConnectionIndicator } from "../ui/connection.tsx";
import { Icon } from "../ui/icon.tsx";
import menu from "../ui/menu.module.css";
import { Status } from "../ui/status.tsx";
import { ThemeToggle } from "../ui/theme.tsx";
import { EndDialog } from "./end-dialog.tsx";
import styles from "./session-header.module.css";

export interface SessionHeaderProps {
  readonly session: CodingSession;
  readonly running: boolean;
  readonly stopping: boolean;
  readonly onStop: () => void;
  readonly onEnd: () => Promise<void>;
}

export function SessionHeader({ session, running, stopping, onStop, onEnd }: SessionHeaderProps) {
  const navigate = useNavigate();
  const { session: row, status, statusSince } = session;
  return (
    <header className={styles["header"]}>
      <IconButton
        icon="back"
        label="All sessions"
        className={styles["back"]}
        onClick={() => void navigate({ to: "/" })}
      />
      <div className={styles["main"]}>
        <h1 className={styles["title"]}>{oneLine(row?.title ?? "", 160) || "Session"}</h1>
        <div className={styles["facts"]}>
          <Status status={status} since={statusSince} />
          {row !== undefined && (
            <>
              <span>
                {agentName(row.agent)}
                {row.model !== undefined && ` · ${oneLine(row.model, 28)}`}
              </span>
              <code className={styles["wide"]} title={row.cwd}>
                {shortPath(oneLine(row.cwd, 300), 40)}
              </code>
            </>
          )}
          <UsageFacts session={session} />
        </div>
      </div>
      <div className={styles["tools"]}>
        <span className={styles["connection"]}>
          <ConnectionIndicator />
        </span>
        {running && (
          <Button look="danger" onClick={onStop} disabled={stopping}>
            <Icon name="stop" size={12} />
            {stopping ? "Stopping" : "Stop"}
          </Button>
        )}
        <span className={menu["desktop"]}>
          <ThemeToggle />
        </span>
        <MoreMenu ended={status === "killed"} onEnd={onEnd} />
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
        <span className={`${styles["gauge"]} ${styles["wide"]}`} title={`${contextTokens} of ${contextWindow} tokens`}>
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

function MoreMenu({ ended, onEnd }: { readonly ended: boolean; readonly onEnd: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Menu.Root>
        <Menu.Trigger render={<IconButton icon="more" label="More" />} />
        <Menu.Portal>
          <Menu.Positioner align="end" sideOffset={4} className={menu["positioner"]}>
            <Menu.Popup className={menu["popup"]}>
              <Menu.Item
                className={menu["item"]}
                onClick={() => void navigator.clipboard?.writeText(location.origin + location.pathname)}
              >
                <Icon name="link" />
                Copy link to this session
              </Menu.Item>
              <Menu.Item
                className={`${menu["item"]} ${menu["danger"]}`}
                disabled={ended}
                onClick={() => setAsking(true)}
              >
                <Icon name="close" />
                End session…
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <EndDialog open={asking} onClose={() => setAsking(false)} onEnd={onEnd} />
    </>
  );
}
