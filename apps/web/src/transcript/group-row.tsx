import { memo } from "react";
import { Icon } from "../ui/icon.tsx";
import { groupSummary, type ToolGroup } from "./groups.ts";
import itemStyles from "./item.module.css";
import styles from "./tool-row.module.css";

export interface GroupRowProps {
  readonly group: ToolGroup;
  readonly onToggle: () => void;
}

/** Several calls as one line, which unfolds into them. */
export const GroupRow = memo(
  function GroupRow({ group, onToggle }: GroupRowProps) {
    const { text, failed } = groupSummary(group.items);
    return (
      <div className={`${itemStyles["item"]} ${itemStyles["tool"]}`} data-group={group.items.length}>
        <div className={`${styles["tool"]} ${group.open ? styles["open"] : ""} ${failed > 0 ? styles["failed"] : ""}`}>
          <button type="button" className={styles["line"]} aria-expanded={group.open} onClick={onToggle}>
            <span className={styles["icon"]}>
              <Icon name={failed > 0 ? "warning" : "tool"} size={15} />
            </span>
            <span className={styles["did"]}>{text}</span>
            <span className={styles["note"]}>{failed > 0 ? `${failed} failed` : ""}</span>
            <span className={styles["chevron"]}>
              <Icon name="chevron" size={14} />
            </span>
          </button>
        </div>
      </div>
    );
  },
  // The handler is another one each time and does the same.
  (before, after) => before.group.items === after.group.items && before.group.open === after.group.open,
);
