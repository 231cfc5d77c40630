import { useRenameSession, type CodingSession } from "@skein/react";
import { useState, type KeyboardEvent } from "react";
import { oneLine } from "../text/visible-text.ts";
import { failureText } from "../ui/failure.ts";
import styles from "./session-header.module.css";

const MOST = 200;

/** The session's name, which a click changes. */
export function SessionTitle({ session }: { readonly session: CodingSession }) {
  const rename = useRenameSession(session.id);
  const title = session.session?.title ?? "";
  const [text, setText] = useState<string>();
  const [failure, setFailure] = useState<string>();
  const save = (): void => {
    const wanted = text?.trim() ?? "";
    setText(undefined);
    if (wanted === "" || wanted === title) return;
    setFailure(undefined);
    rename(wanted).catch((error: unknown) => setFailure(failureText(error)));
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") save();
    if (event.key === "Escape") setText(undefined);
  };
  if (text !== undefined) {
    return (
      <input
        className={styles["rename"]}
        aria-label="Name of this session"
        value={text}
        maxLength={MOST}
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
        onBlur={save}
      />
    );
  }
  const shown = oneLine(title, 160) || "Session";
  return (
    <>
      <h1 className={styles["title"]}>
        <button
          type="button"
          disabled={session.session === undefined}
          title={`${shown} – click to rename`}
          onClick={() => setText(title)}
        >
          {shown}
        </button>
      </h1>
      {failure !== undefined && (
        <p role="alert" className={styles["failure"]}>
          {failure}
        </p>
      )}
    </>
  );
}
