import type { Session } from "@skein/protocol";
import { Link } from "@tanstack/react-router";
import type { Ref } from "react";
import { ago, agentName, cost, shortPath } from "../text/format.ts";
import { oneLine, wordsOf } from "../text/visible-text.ts";
import { Status } from "../ui/status.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./session-row.module.css";

export interface SessionRowProps {
  readonly session: Session;
  readonly ref?: Ref<HTMLAnchorElement> | undefined;
  readonly onFocus?: () => void;
}

export function SessionRow({ session, ref, onFocus }: SessionRowProps) {
  const now = useNow();
  const { id, title, agent, model, cwd, status, statusSince, lastLine, lastActivityAt, costUsd, error } = session;
  const last = status === "error" && error !== undefined ? error.message : lastLine;
  return (
    <Link to="/s/$sessionId" params={{ sessionId: id }} className={styles["row"]} ref={ref} onFocus={onFocus}>
      <span>
        <span className={styles["title"]}>
          <span>{oneLine(title, 120) || "Untitled session"}</span>
        </span>
        <span className={styles["last"]} style={{ display: "block" }}>
          {oneLine(wordsOf(last ?? ""), 160) || "Nothing has been said yet"}
        </span>
      </span>
      <span className={styles["where"]}>
        <span>
          {agentName(agent)}
          {model !== undefined && ` · ${oneLine(model, 24)}`}
        </span>
        <code title={cwd}>{shortPath(oneLine(cwd, 300), 30)}</code>
      </span>
      <span className={styles["state"]}>
        <Status status={status} since={statusSince} />
        <span className={styles["when"]}>
          {costUsd !== undefined && costUsd > 0 && `${cost(costUsd)} · `}
          {ago(lastActivityAt, now)}
        </span>
      </span>
    </Link>
  );
}
