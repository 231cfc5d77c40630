import { useSessions } from "@skein/react";
import { Link, useNavigate } from "@tanstack/react-router";
import { ago } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { IconButton } from "../ui/button.tsx";
import { Status } from "../ui/status.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./side-list.module.css";

/** The other sessions, on screens that have the room. */
export function SideList() {
  const { sessions } = useSessions();
  const navigate = useNavigate();
  const now = useNow();
  return (
    <>
      <div className={styles["head"]}>
        <Link to="/" className={styles["brand"]}>
          <img src="/favicon.svg" alt="" />
          Skein
        </Link>
        <IconButton icon="plus" label="New session" onClick={() => void navigate({ to: "/new" })} />
      </div>
      <ul className={styles["list"]}>
        {sessions.map(({ id, title, status, statusSince, lastActivityAt }) => (
          <li key={id}>
            <Link to="/s/$sessionId" params={{ sessionId: id }}>
              <span className={styles["title"]}>{oneLine(title, 80) || "Untitled session"}</span>
              <span className={styles["meta"]}>
                <Status status={status} since={statusSince} />
                {ago(lastActivityAt, now)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
