import { useState, type ReactNode } from "react";
import { Highlighted } from "../highlight/highlighted.tsx";
import { clip } from "../text/visible-text.ts";
import { count } from "../text/format.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import styles from "./code-block.module.css";

export interface CodeBlockProps {
  readonly text: string;
  /** Shown in its head: a language or a path. */
  readonly label?: string | undefined;
  /** Long lines are broken instead of scrolled. */
  readonly wrap?: boolean;
  readonly lines?: number;
  /** Coloured as this language, once it is complete: see `languageOf`. */
  readonly language?: string | undefined;
  /** A command: a dollar sign stands in front of it, and is not copied. */
  readonly prompt?: boolean;
  /** Makes the shown part into what stands there instead. */
  readonly render?: (text: string) => ReactNode;
}

/** However much there is, no more than this is put on the page. */
const MOST_LINES = 2000;
const MOST_CHARS = 400_000;

export function CodeBlock({ text, label, wrap = false, lines = 24, language, prompt = false, render }: CodeBlockProps) {
  const [all, setAll] = useState(false);
  const { text: shown, hidden } = all ? clip(text, MOST_LINES, MOST_CHARS) : clip(text, lines);
  return (
    <figure className={[styles["block"], wrap && styles["wrap"], prompt && styles["prompt"]].filter(Boolean).join(" ")}>
      {label !== undefined && (
        <figcaption className={styles["head"]}>
          <span>{label}</span>
          <CopyButton label="Copy code" text={() => text} className={styles["copy"]} />
        </figcaption>
      )}
      <pre dir="ltr" tabIndex={0}>
        <code>{render ? render(shown) : <Highlighted text={shown} language={language} />}</code>
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
