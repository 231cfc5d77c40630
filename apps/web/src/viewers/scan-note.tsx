import type { OverviewView } from "@skein/react";
import styles from "./panel.module.css";

/** How much of the session what is shown stands for, while that is not all of it. */
export function ScanNote({ scan }: { readonly scan: OverviewView }) {
  const { scanned, total, failure, overview } = scan;
  const leftOut = [
    [overview.turnsLeftOut, "older turns"],
    [overview.commandsLeftOut, "older commands"],
    [overview.filesLeftOut, "files changed long ago"],
  ] as const;
  const missing = leftOut
    .filter(([amount]) => amount > 0)
    .map(([amount, what]) => `${amount.toLocaleString("en")} ${what}`);
  return (
    <div role="status" className={styles["notes"]}>
      {scanned < total && (
        <p className={styles["note"]}>
          Scanned {scanned.toLocaleString("en")} of {total.toLocaleString("en")} rows
          {failure === undefined ? "…" : ` – ${failure}`}
        </p>
      )}
      {scanned < total && <progress className={styles["progress"]} value={scanned} max={total} aria-label="Scanned" />}
      {missing.length > 0 && <p className={styles["note"]}>Not listed here: {missing.join(", ")}</p>}
    </div>
  );
}
