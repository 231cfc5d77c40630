import { visibleText } from "../text/visible-text.ts";
import styles from "./tool-body.module.css";

export interface PlanStep {
  readonly text: string;
  readonly status: "pending" | "in_progress" | "completed";
}

const MARK: Readonly<Record<PlanStep["status"], string>> = { pending: "○", in_progress: "◐", completed: "✓" };
const WORD: Readonly<Record<PlanStep["status"], string>> = {
  pending: "to do",
  in_progress: "in progress",
  completed: "done",
};

export function PlanList({ items }: { readonly items: readonly PlanStep[] }) {
  return (
    <ul className={styles["plan"]}>
      {items.slice(0, 200).map((step, index) => (
        <li key={index} className={styles[step.status]}>
          <span className={styles["mark"]} role="img" aria-label={WORD[step.status]}>
            {MARK[step.status]}
          </span>
          {visibleText(step.text)}
        </li>
      ))}
    </ul>
  );
}
