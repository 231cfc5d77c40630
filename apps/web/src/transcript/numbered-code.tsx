import { useState } from "react";
import { Runs, useHighlight } from "../highlight/highlighted.tsx";
import { runLines } from "../highlight/runs.ts";
import { count } from "../text/format.ts";
import { clip } from "../text/visible-text.ts";
import styles from "./code-block.module.css";

export interface NumberedCodeProps {
  readonly text: string;
  /** The number of its first line. */
  readonly first: number;
  readonly language: string | undefined;
  readonly lines?: number;
}

const MOST_LINES = 2000;
const MOST_CHARS = 400_000;

/** Lines of a file with their numbers, which are not part of what is selected and copied. */
export function NumberedCode({ text, first, language, lines = 24 }: NumberedCodeProps) {
  const [all, setAll] = useState(false);
  const { text: shown, hidden } = all ? clip(text, MOST_LINES, MOST_CHARS) : clip(text, lines);
  const runs = useHighlight(shown, language) ?? [{ kind: "plain" as const, text: shown }];
  return (
    <figure className={styles["block"]}>
      <pre dir="ltr" tabIndex={0}>
        <code className={styles["numbered"]}>
          {runLines(runs).map((line, index) => (
            <span key={index} className={styles["line"]} data-number={first + index}>
              <Runs runs={line} />
              {"\n"}
            </span>
          ))}
        </code>
      </pre>
      {hidden > 0 && !all && (
        <button type="button" className={styles["more"]} onClick={() => setAll(true)}>
          Show {count(hidden, "more line")}
        </button>
      )}
      {hidden > 0 && all && <p className={styles["more"]}>{count(hidden, "line")} not shown here</p>}
    </figure>
  );
}
