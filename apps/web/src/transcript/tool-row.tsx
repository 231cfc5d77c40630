import type { ToolItem, ToolState, TranscriptItem } from "@skein/react";
import type { ReactNode } from "react";
import { countChanges } from "../text/line-diff.ts";
import { askedDiff, recordedDiffs } from "../text/tool-diff.ts";
import { toolSummary } from "../text/tool-summary.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { useFold } from "./fold.tsx";
import { ToolBody } from "./tool-body.tsx";
import styles from "./tool-row.module.css";
import { useTranscript } from "./transcript-context.ts";

const ICONS: Readonly<Record<string, IconName>> = {
  terminal: "terminal",
  file_read: "file",
  file_edit: "edit",
  file_write: "edit",
  file_search: "search",
  content_search: "search",
  web_search: "globe",
  web_fetch: "globe",
  sub_agent: "agents",
  plan: "list",
};

const STATE: Readonly<Record<ToolState, string>> = {
  preparing: "preparing",
  running: "running",
  done: "",
  failed: "failed",
  interrupted: "interrupted",
};

export interface ToolRowProps {
  readonly item: ToolItem;
  readonly children: (items: readonly TranscriptItem[]) => ReactNode;
}

/** A call: one line, and on demand a body made for its kind. Changes of files are shown once they are made. */
export function ToolRow({ item, children }: ToolRowProps) {
  const { directory } = useTranscript();
  const changes = item.tool === "file_edit" || item.tool === "file_write";
  const [open, toggle] = useFold(item.key, changes && item.result !== undefined);
  const { verb, subject, code, note } = toolSummary(item, directory);
  const notes = [note, changes ? changeNote(item) : "", STATE[item.state]].filter(Boolean);
  return (
    <div className={`${styles["tool"]} ${styles[item.state] ?? ""} ${open ? styles["open"] : ""}`}>
      <button type="button" className={styles["line"]} aria-expanded={open} onClick={toggle}>
        <span className={styles["icon"]}>
          <Icon name={item.state === "failed" ? "warning" : (ICONS[item.tool] ?? "tool")} size={15} />
        </span>
        <span className={styles["verb"]}>{verb}</span>
        <span className={styles["subject"]}>{code ? <code>{subject}</code> : subject}</span>
        <span className={styles["note"]}>{notes.join(" · ")}</span>
        <span className={styles["chevron"]}>
          <Icon name="chevron" size={14} />
        </span>
      </button>
      {open && (
        <div className={styles["body"]}>
          <ToolBody item={item} directory={directory}>
            {children}
          </ToolBody>
        </div>
      )}
    </div>
  );
}

function changeNote(item: ToolItem): string {
  const recorded = recordedDiffs(item.changes ?? []).flatMap(({ lines }) => lines);
  const { added, removed } = countChanges(recorded.length > 0 ? recorded : (askedDiff(item.input) ?? []));
  return [added > 0 ? `+${added}` : "", removed > 0 ? `−${removed}` : ""].filter(Boolean).join(" ");
}
