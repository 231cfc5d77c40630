import type { Session } from "@skein/protocol";
import { useCoder } from "@skein/react";
import { Link } from "@tanstack/react-router";
import { oneLine } from "../text/visible-text.ts";
import { PermissionCard } from "../transcript/permission.tsx";
import { QuestionCard } from "../transcript/question.tsx";
import { Icon } from "../ui/icon.tsx";
import { Status } from "../ui/status.tsx";
import styles from "./needs-you.module.css";
import { usePendingRequests } from "./use-pending-requests.ts";

/** Every open request and failed turn of all sessions, answerable where it stands. */
export function NeedsYou({ sessions }: { readonly sessions: readonly Session[] }) {
  if (sessions.length === 0) return null;
  return (
    <section className={styles["section"]} aria-labelledby="needs-you">
      <h2 id="needs-you">
        <Icon name="shield" />
        Needs you
      </h2>
      <ul className={styles["list"]}>
        {sessions.map((session) => (
          <li key={session.id} className={`${styles["card"]} ${session.status === "error" ? styles["failed"] : ""}`}>
            <div className={styles["origin"]}>
              <Link to="/s/$sessionId" params={{ sessionId: session.id }}>
                {oneLine(session.title, 120) || "Untitled session"}
              </Link>
              <Status status={session.status} since={session.statusSince} />
            </div>
            <div className={styles["body"]}>
              {session.status === "error" ? (
                <p className={styles["message"]}>{oneLine(session.error?.message ?? "The last turn failed.", 300)}</p>
              ) : (
                <Requests session={session} />
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Requests({ session }: { readonly session: Session }) {
  const coder = useCoder(session.coder);
  const requests = usePendingRequests(session);
  return session.pending.map(({ requestId, kind, tool, title }) => {
    const request = requests.get(requestId);
    if (request?.type === "question") {
      return (
        <QuestionCard
          key={requestId}
          request={request}
          answer={async (answers) => void (await coder.answerQuestion(requestId, answers))}
        />
      );
    }
    if (request === undefined) {
      return <p key={requestId}>{title ?? tool ?? (kind === "question" ? "A question" : "A permission request")}</p>;
    }
    return (
      <PermissionCard
        key={requestId}
        request={request}
        directory={session.cwd}
        answer={async (decision, message) => void (await coder.answerPermission(requestId, decision, message))}
      />
    );
  });
}
