import { useState } from "react";
import { count } from "../text/format.ts";
import { countChanges, type DiffLine } from "../text/line-diff.ts";
import { visibleText } from "../text/visible-text.ts";
import styles from "./diff.module.css";

const SIGN: Readonly<Record<DiffLine["kind"], string>> = { same: " ", added: "+", removed: "−", gap: "" };
const FIRST = 16;
const MOST = 1500;
const MOST_CHARS = 2000;

export interface DiffProps {
  readonly lines: readonly DiffLine[];
  /** Shown above it, with how much changed. */
  readonly path?: string | undefined;
}

export function Diff({ lines, path }: DiffProps) {
  const [all, setAll] = useState(false);
  // One more line is better than a button that shows one line.
  const shown = lines.length <= FIRST + 4 ? lines : lines.slice(0, all ? MOST : FIRST);
  const hidden = lines.length - shown.length;
  return (
    <div className={styles["diff"]}>
      {path !== undefined && <Path path={path} lines={lines} />}
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label={`Changes${path ? ` of ${path}` : ""}`}>
        <div className={styles["lines"]} dir="ltr">
          {shown.map((line, index) => (
            <Line key={index} line={line} />
          ))}
        </div>
      </div>
      {hidden > 0 && !all && (
        <button type="button" className={styles["more"]} onClick={() => setAll(true)}>
          Show {count(hidden, "more line")}
        </button>
      )}
      {hidden > 0 && all && <p className={styles["more"]}>{count(hidden, "line")} not shown here</p>}
    </div>
  );
}

function Path({ path, lines }: { readonly path: string; readonly lines: readonly DiffLine[] }) {
  const { added, removed } = countChanges(lines);
  return (
    <div className={styles["path"]}>
      <code>{path}</code>
      {added > 0 && <span className={styles["plus"]}>+{added}</span>}
      {removed > 0 && <span className={styles["minus"]}>−{removed}</span>}
    </div>
  );
}

function Line({ line }: { readonly line: DiffLine }) {
  if (line.kind === "gap") return <div className={styles["gap"]}>⋯</div>;
  return (
    <div className={`${styles["line"]} ${styles[line.kind] ?? ""}`}>
      <span className={styles["number"]}>{line.newNumber ?? line.oldNumber}</span>
      <span className={styles["sign"]}>{SIGN[line.kind]}</span>
      <span>{visibleText(line.text.slice(0, MOST_CHARS))}</span>
    </div>
  );
}
