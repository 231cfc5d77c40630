import type { ChangedFile, CodingSession, Overview } from "@skein/react";
import { useMemo, useState } from "react";
import { count, relativePath } from "../text/format.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { Icon } from "../ui/icon.tsx";
import { FileDiffView } from "./file-diff.tsx";
import styles from "./panel.module.css";

export interface ChangesProps {
  readonly session: CodingSession;
  readonly overview: Overview;
  readonly reading: boolean;
}

const MOST = 300;

/** Every file that was changed, with what its changes amount to: over the session, or in one turn. */
export function Changes({ session, overview, reading }: ChangesProps) {
  const [turn, setTurn] = useState<number>();
  const directory = session.session?.cwd;
  const turns = useMemo(() => turnsWithChanges(overview), [overview]);
  const files = useMemo(() => filesOf(overview.files, turn), [overview.files, turn]);
  if (overview.files.length === 0) {
    return (
      <p className={styles["empty"]}>{reading ? "Nothing so far." : "No file has been changed in this session."}</p>
    );
  }
  const added = sum(files, ({ added: lines }) => lines);
  const removed = sum(files, ({ removed: lines }) => lines);
  return (
    <>
      <div className={styles["bar"]}>
        <select
          className={styles["select"]}
          aria-label="Turn"
          value={turn ?? ""}
          onChange={(event) => setTurn(event.target.value === "" ? undefined : Number(event.target.value))}
        >
          <option value="">All turns</option>
          {turns.map(({ number, prompt }) => (
            <option key={number} value={number}>
              {number}. {oneLine(prompt, 60) || "Without a prompt"}
            </option>
          ))}
        </select>
        <span className={styles["amounts"]}>
          {count(files.length, "file")} <Amounts added={added} removed={removed} />
        </span>
      </div>
      <ul className={styles["files"]}>
        {files
          .slice(-MOST)
          .toReversed()
          .map((file) => (
            <File key={`${turn ?? ""} ${file.path}`} session={session.id} file={file} directory={directory} />
          ))}
      </ul>
      {files.length > MOST && (
        <p className={styles["note"]}>{count(files.length - MOST, "more file")} not listed here</p>
      )}
    </>
  );
}

interface FileProps {
  readonly session: string;
  readonly file: ChangedFile;
  readonly directory: string | undefined;
}

function File({ session, file, directory }: FileProps) {
  const [open, setOpen] = useState(false);
  const { path, changes } = file;
  const shown = visibleText(relativePath(path, directory).slice(0, 400));
  const slash = shown.lastIndexOf("/") + 1;
  const added = changes.reduce((all, change) => all + change.added, 0);
  const removed = changes.reduce((all, change) => all + change.removed, 0);
  return (
    <li className={styles["file"]}>
      <button
        type="button"
        className={`${styles["line"]} ${open ? styles["open"] : ""}`}
        aria-expanded={open}
        title={shown}
        onClick={() => setOpen(!open)}
      >
        <Icon name="chevron" size={12} />
        <span className={styles["path"]}>
          <bdi>
            <span className={styles["folder"]}>{shown.slice(0, slash)}</span>
            {shown.slice(slash)}
          </bdi>
        </span>
        {changes.length > 1 && <span className={styles["faint"]}>{count(changes.length, "change")}</span>}
        <Amounts added={added} removed={removed} />
      </button>
      {open && <FileDiffView session={session} file={file} path={shown} />}
    </li>
  );
}

export function Amounts({ added, removed }: { readonly added: number; readonly removed: number }) {
  return (
    <span className={styles["diffstat"]}>
      {added > 0 && <span className={styles["plus"]}>+{added.toLocaleString("en")}</span>}
      {removed > 0 && <span className={styles["minus"]}>−{removed.toLocaleString("en")}</span>}
    </span>
  );
}

function turnsWithChanges({ turns, files }: Overview) {
  const numbers = new Set(files.flatMap(({ changes }) => changes.map(({ turn }) => turn)));
  return turns.filter(({ number }) => numbers.has(number)).toReversed();
}

function filesOf(files: readonly ChangedFile[], turn: number | undefined): readonly ChangedFile[] {
  if (turn === undefined) return files;
  return files
    .map((file) => ({ ...file, changes: file.changes.filter((change) => change.turn === turn), changesLeftOut: 0 }))
    .filter(({ changes }) => changes.length > 0);
}

function sum(files: readonly ChangedFile[], of: (change: ChangedFile["changes"][number]) => number): number {
  return files.reduce((all, { changes }) => all + changes.reduce((some, change) => some + of(change), 0), 0);
}
