import { SkeinError } from "@skein/protocol";
import type { CoderActions, CodingSession, QueuedPrompt } from "@skein/react";
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
  readonly coder: Pick<CoderActions, "cancelQueued" | "editQueued" | "moveQueued">;
}

/** Prompts that wait for their turn, and those on their way to the server. */
export function Queue({ session, coder }: QueueProps) {
  const { queue, outgoing } = session;
  const offline = useConnection().kind === "offline";
  const [editing, setEditing] = useState<QueuedPrompt>();
  const [failure, setFailure] = useState<string>();
  if (queue.length + outgoing.length === 0) return null;
  const change = (made: Promise<void>): void => {
    setFailure(undefined);
    made.catch((error: unknown) => setFailure(isTooLate(error) ? "Too late: it has begun." : failureText(error)));
  };
  return (
    <ul className={styles["queue"]} aria-label="Waiting prompts">
      {queue.map((prompt, index) => (
        <li key={prompt.key} className={styles["entry"]} data-queued={prompt.key}>
          <span className={styles["state"]}>Queued</span>
          <p title={prompt.text.slice(0, 1000)}>
            {oneLine(prompt.text, 300)}
            {prompt.attachments.length > 0 && ` · ${count(prompt.attachments.length, "file")}`}
          </p>
          <span className={styles["actions"]}>
            <MoveButtons
              before={queue[index - 1]?.key}
              after={queue[index + 1]?.key}
              onMove={(to) => change(coder.moveQueued(prompt.key, to))}
            />
            <IconButton icon="edit" label="Edit prompt" onClick={() => setEditing(prompt)} />
            <IconButton icon="close" label="Cancel prompt" onClick={() => change(coder.cancelQueued(prompt.key))} />
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
            onSave={async (text) => coder.editQueued(editing, text)}
          />
        </Suspense>
      )}
    </ul>
  );
}

interface MoveButtonsProps {
  /** The prompt in front of this one, and the one behind it. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly onMove: (to: { readonly before: string } | { readonly after: string }) => void;
}

function MoveButtons({ before, after, onMove }: MoveButtonsProps) {
  if (before === undefined && after === undefined) return null;
  return (
    <>
      <IconButton
        icon="up"
        label="Run earlier"
        disabled={before === undefined}
        onClick={() => before !== undefined && onMove({ before })}
      />
      <IconButton
        icon="down"
        label="Run later"
        disabled={after === undefined}
        onClick={() => after !== undefined && onMove({ after })}
      />
    </>
  );
}

/** It began while somebody was changing it. */
function isTooLate(error: unknown): boolean {
  return error instanceof SkeinError && (error.code === "conflict" || error.code === "not_found");
}
