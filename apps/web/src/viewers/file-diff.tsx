import { netDiff, useLogRows, type ChangedFile, type LogRow } from "@skein/react";
import { useMemo } from "react";
import { count } from "../text/format.ts";
import { Diff } from "../transcript/diff.tsx";
import { useTranscript } from "../transcript/transcript-context.ts";
import styles from "./panel.module.css";

export interface FileDiffViewProps {
  readonly session: string;
  readonly file: ChangedFile;
  /** As it is shown. */
  readonly path: string;
}

const MOST_LINKS = 12;

/** What a file's changes amount to. The changes themselves are read when somebody wants to see them. */
export function FileDiffView({ session, file, path }: FileDiffViewProps) {
  const { goTo } = useTranscript();
  const { changes, changesLeftOut } = file;
  const view = useLogRows(
    session,
    changes.map(({ position }) => position),
  );
  const net = useMemo(
    () => (view.kind === "loaded" ? netDiff(diffsOf(view.rows, file.path)) : undefined),
    [view, file.path],
  );
  if (view.kind === "failed") return <p role="alert">It could not be read: {view.message}</p>;
  if (net === undefined) return <p className={styles["note"]}>Reading…</p>;
  const { parts, unknown } = net;
  return (
    <div className={styles["net"]}>
      {parts.length === 0 && unknown === 0 && <p className={styles["note"]}>It is as it was before.</p>}
      {parts.map((lines, index) => (
        <div key={index}>
          {index > 0 && <p className={styles["note"]}>Somebody else changed the file here</p>}
          <Diff lines={lines} path={path} first={40} />
        </div>
      ))}
      {unknown > 0 && (
        <p className={styles["note"]}>
          {count(unknown, "change")} whose lines are not known or too many to be shown here
        </p>
      )}
      {changesLeftOut > 0 && <p className={styles["note"]}>{count(changesLeftOut, "older change")} not in it</p>}
      <p className={styles["links"]}>
        In the transcript:{" "}
        {changes.slice(-MOST_LINKS).map(({ row, position, turn }, index) => (
          <button key={index} type="button" onClick={() => goTo(row, position)}>
            turn {turn}
          </button>
        ))}
      </p>
    </div>
  );
}

function diffsOf(rows: readonly LogRow[], path: string): (string | undefined)[] {
  return rows.flatMap(({ row: { payload } }) =>
    payload.type === "file_change" ? payload.changes.filter((one) => one.path === path).map(({ diff }) => diff) : [],
  );
}
