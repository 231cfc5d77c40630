import { bytes } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { IconButton } from "../ui/button.tsx";
import styles from "./attachment-list.module.css";
import type { Attached } from "./use-attachments.ts";

export interface AttachmentListProps {
  readonly files: readonly Attached[];
  readonly onRemove: (id: number) => void;
}

/** The files that go with the next prompt. */
export function AttachmentList({ files, onRemove }: AttachmentListProps) {
  if (files.length === 0) return null;
  return (
    <ul className={styles["files"]} aria-label="Files for this prompt">
      {files.map(({ id, name, size, picture, state }) => {
        const shown = oneLine(name, 60) || "File";
        return (
          <li key={id} className={`${styles["file"]} ${state.kind === "failed" ? styles["failed"] : ""}`}>
            {picture !== undefined && <img src={picture} alt="" />}
            <span className={styles["name"]}>{shown}</span>
            <span className={styles["note"]} role={state.kind === "failed" ? "alert" : undefined}>
              {state.kind === "uploading" ? "Sending…" : state.kind === "failed" ? state.message : bytes(size)}
            </span>
            <IconButton icon="close" label={`Remove ${shown}`} onClick={() => onRemove(id)} />
          </li>
        );
      })}
    </ul>
  );
}
