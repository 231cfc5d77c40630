import { useMemo, useState } from "react";
import { languageOfPath } from "../highlight/language-name.ts";
import { Runs, useHighlight } from "../highlight/highlighted.tsx";
import { runLines, type Run } from "../highlight/runs.ts";
import { count } from "../text/format.ts";
import { emphasise, type Emphasis } from "../text/intraline.ts";
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
  /** How many lines are shown at first. */
  readonly first?: number;
}

export function Diff({ lines, path, first = FIRST }: DiffProps) {
  const [all, setAll] = useState(false);
  const shown = useMemo(() => {
    // One more line is better than a button that shows one line.
    const some = lines.length <= first + 4 ? lines : lines.slice(0, all ? MOST : first);
    return some.map((line) => ({ ...line, text: visibleText(line.text.slice(0, MOST_CHARS)) }));
  }, [lines, first, all]);
  const hidden = lines.length - shown.length;
  return (
    <div className={styles["diff"]}>
      {path !== undefined && <Path path={path} lines={lines} />}
      <div className={styles["scroll"]} tabIndex={0} role="group" aria-label={`Changes${path ? ` of ${path}` : ""}`}>
        <Lines lines={shown} language={path === undefined ? undefined : languageOfPath(path)} />
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

interface LinesProps {
  readonly lines: readonly DiffLine[];
  readonly language: string | undefined;
}

function Lines({ lines, language }: LinesProps) {
  const marks = useMemo(() => emphasise(lines), [lines]);
  const before = useSide(lines, "added", language);
  const after = useSide(lines, "removed", language);
  return (
    <div className={styles["lines"]} dir="ltr">
      {lines.map((line, index) => (
        <Line
          key={index}
          line={line}
          runs={(line.kind === "removed" ? before : after)?.get(index)}
          mark={marks.get(index)}
        />
      ))}
    </div>
  );
}

/** The text before or after the change is coloured as a whole: a line alone does not say that it is in a comment. */
function useSide(
  lines: readonly DiffLine[],
  without: "added" | "removed",
  language: string | undefined,
): ReadonlyMap<number, readonly Run[]> | undefined {
  const side = useMemo(
    () => lines.map(({ kind, text }, index) => ({ kind, text, index })).filter(({ kind }) => kind !== without),
    [lines, without],
  );
  const runs = useHighlight(side.map(({ text }) => text).join("\n"), language);
  if (runs === undefined) return undefined;
  const coloured = runLines(runs);
  return new Map(side.map(({ index }, at) => [index, coloured[at] ?? []]));
}

interface LineProps {
  readonly line: DiffLine;
  readonly runs: readonly Run[] | undefined;
  readonly mark: Emphasis | undefined;
}

function Line({ line, runs = [{ kind: "plain", text: line.text }], mark }: LineProps) {
  if (line.kind === "gap") return <div className={styles["gap"]}>{line.text === "" ? "⋯" : line.text}</div>;
  return (
    <div className={`${styles["line"]} ${styles[line.kind] ?? ""}`}>
      <span className={styles["number"]}>{line.newNumber ?? line.oldNumber}</span>
      <span className={styles["sign"]}>{SIGN[line.kind]}</span>
      <span>{mark === undefined ? <Runs runs={runs} /> : <Marked runs={runs} mark={mark} />}</span>
    </div>
  );
}

function Marked({ runs, mark }: { readonly runs: readonly Run[]; readonly mark: Emphasis }) {
  return (
    <>
      <Runs runs={sliceRuns(runs, 0, mark.from)} />
      <span className={styles["mark"]}>
        <Runs runs={sliceRuns(runs, mark.from, mark.to)} />
      </span>
      <Runs runs={sliceRuns(runs, mark.to, Number.POSITIVE_INFINITY)} />
    </>
  );
}

function sliceRuns(runs: readonly Run[], from: number, to: number): readonly Run[] {
  const cut: Run[] = [];
  let at = 0;
  for (const { kind, text } of runs) {
    const piece = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (piece !== "") cut.push({ kind, text: piece });
    at += text.length;
  }
  return cut;
}
