import type { CodingSession, QueuedPrompt } from "@skein/react";
import { useConnection } from "@skein/react";
import { lazy, Suspense, useState } from "react";
import { count } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { failureText } from "../ui/failure.ts";
import styles from "./queue.module.css";

const EditDialog = lazy(async () => ({ default: (await import("./edit-dialog.tsx")).EditDialog }));

export interface QueueProps {
  readonly session: CodingSession;
  readonly onCancel: (key: string) => Promise<unknown>;
  readonly onEdit: (key: string, text: string) => Promise<unknown>;
}

/** Prompts that wait for their turn, and those on their way to the server. */
export function Queue({ session, onCancel, onEdit }: QueueProps) {
  const { queue, outgoing } = session;
  const offline = useConnection().kind === "offline";
  const [editing, setEditing] = useState<QueuedPrompt>();
  const [failure, setFailure] = useState<string>();
  if (queue.length + outgoing.length === 0) return null;
  const cancel = (key: string): void => {
    setFailure(undefined);
    onCancel(key).catch((error: unknown) => setFailure(failureText(error)));
  };
  return (
    <ul className={styles["queue"]} aria-label="Waiting prompts">
      {queue.map((prompt) => (
        <li key={prompt.key} className={styles["entry"]} data-queued={prompt.key}>
          <span className={styles["state"]}>Queued</span>
          <p title={prompt.text.slice(0, 1000)}>
            {oneLine(prompt.text, 300)}
            {prompt.attachments.length > 0 && ` · ${count(prompt.attachments.length, "file")}`}
          </p>
          <span className={styles["actions"]}>
            <IconButton icon="edit" label="Edit prompt" onClick={() => setEditing(prompt)} />
            <IconButton icon="close" label="Cancel prompt" onClick={() => cancel(prompt.key)} />
          </span>
        </li>
      ))}
      {outgoing.map(({ id, text, state }) => (
        <li key={id} className={`${styles["entry"]} ${state.kind === "refused" ? styles["refused"] : ""}`}>
          <span className={styles["state"]}>
            {state.kind === "refused" ? "Not accepted" : offline ? "Will be sent" : "Sending"}
          </span>
          <p>
            {state.kind === "refused" ? `${oneLine(state.message, 200)}: ${oneLine(text, 100)}` : oneLine(text, 300)}
          </p>
          {state.kind === "refused" && (
            <span className={styles["actions"]}>
              <Button look="quiet" onClick={() => session.retry(id)}>
                Try again
              </Button>
              <IconButton icon="close" label="Discard prompt" onClick={() => session.discard(id)} />
            </span>
          )}
        </li>
      ))}
      {failure !== undefined && (
        <li role="alert" className={styles["refused"]}>
          <span className={styles["state"]}>{failure}</span>
        </li>
      )}
      {editing !== undefined && (
        <Suspense fallback={null}>
          <EditDialog
            text={editing.text}
            onClose={() => setEditing(undefined)}
            onSave={async (text) => onEdit(editing.key, text)}
          />
        </Suspense>
      )}
    </ul>
  );
}
