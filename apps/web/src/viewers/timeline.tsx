import type { Overview, ToolSpan, Turn } from "@skein/react";
import { useState } from "react";
import { clockTime, count, duration, elapsed } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { useTranscript } from "../transcript/transcript-context.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./timeline.module.css";
import panel from "./panel.module.css";
import { barOf, KINDS, kindOf, pauseText, type BarPart } from "./turn-bar.ts";

export interface TimelineProps {
  readonly overview: Overview;
  readonly reading: boolean;
}

const PAGE = 100;

/** Turns and what was done in them against time; every part leads to its row. */
export function Timeline({ overview, reading }: TimelineProps) {
  const [most, setMost] = useState(PAGE);
  const { turns } = overview;
  if (turns.length === 0)
    return <p className={panel["empty"]}>{reading ? "Nothing so far." : "No turn has run yet."}</p>;
  const shown = turns.slice(-most);
  const longest = Math.max(1, ...shown.map(({ from, to }) => to - from));
  return (
    <>
      <ul className={styles["legend"]} aria-label="Colours">
        {KINDS.map(({ kind, name }) => (
          <li key={kind}>
            <span className={`${styles["swatch"]} ${styles[kind]}`} />
            {name}
          </li>
        ))}
      </ul>
      {shown.length < turns.length && (
        <Button look="quiet" onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, turns.length - shown.length)} older turns
        </Button>
      )}
      <ol className={styles["turns"]}>
        {shown.map((turn, index) => (
          <TurnRow key={turn.number} turn={turn} before={shown[index - 1]} longest={longest} />
        ))}
      </ol>
    </>
  );
}

interface TurnRowProps {
  readonly turn: Turn;
  readonly before: Turn | undefined;
  readonly longest: number;
}

const OUTCOMES: Readonly<Record<Turn["outcome"], string>> = {
  open: "running",
  complete: "",
  failed: "failed",
  aborted: "stopped",
};

function TurnRow({ turn, before, longest }: TurnRowProps) {
  const { goTo } = useTranscript();
  const [open, setOpen] = useState(false);
  const now = useNow();
  const pause = before === undefined ? "" : pauseText(turn.from - before.to);
  const bar = barOf(turn, longest);
  const notes = [OUTCOMES[turn.outcome], duration(turn.durationMs ?? turn.to - turn.from), clockTime(turn.from, now)];
  return (
    <li>
      {pause !== "" && <p className={styles["pause"]}>{pause}</p>}
      <div className={styles["turn"]}>
        <button type="button" className={styles["prompt"]} onClick={() => goTo(turn.row, turn.position)}>
          <span className={styles["number"]}>{turn.number}</span>
          <span className={styles["text"]}>{oneLine(turn.prompt, 160) || "Without a prompt"}</span>
          <span className={`${panel["faint"]} ${turn.outcome === "failed" ? styles["bad"] : ""}`}>
            {notes.filter(Boolean).join(" · ")}
          </span>
        </button>
        <Bar parts={bar.parts} width={bar.width} goTo={goTo} />
        {turn.tools.length > 0 && (
          <button
            type="button"
            className={`${styles["more"]} ${open ? styles["open"] : ""}`}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <Icon name="chevron" size={11} />
            {count(turn.tools.length + turn.toolsLeftOut, "call")}
          </button>
        )}
        {open && <Calls turn={turn} goTo={goTo} />}
      </div>
    </li>
  );
}

interface BarProps {
  readonly parts: readonly BarPart[];
  /** Of the longest turn, between 0 and 1. */
  readonly width: number;
  readonly goTo: (row: string, position: number) => void;
}

/** The picture. Everything in it is in the list of calls below it, too, and reached there from the keyboard. */
function Bar({ parts, width, goTo }: BarProps) {
  return (
    <div className={styles["bar"]} style={{ width: `calc(${width * 100}% - 8px)` }} aria-hidden>
      {parts.map(({ span, from, to }, index) => (
        <span
          key={index}
          className={`${styles["span"]} ${styles[kindOf(span.tool)]} ${span.failed ? styles["failed"] : ""}`}
          style={{ left: `${from * 100}%`, width: `max(3px, ${(to - from) * 100}%)` }}
          title={titleOf(span)}
          onClick={() => goTo(span.row, span.position)}
        />
      ))}
    </div>
  );
}

const MOST_CALLS = 100;

function Calls({ turn, goTo }: { readonly turn: Turn; readonly goTo: (row: string, position: number) => void }) {
  const shown = turn.tools.slice(-MOST_CALLS);
  const hidden = turn.tools.length - shown.length + turn.toolsLeftOut;
  return (
    <ol className={styles["calls"]}>
      {hidden > 0 && <li className={panel["note"]}>{count(hidden, "call")} not listed here</li>}
      {shown.map((span, index) => (
        <li key={index}>
          <button type="button" onClick={() => goTo(span.row, span.position)}>
            <span className={`${styles["swatch"]} ${styles[kindOf(span.tool)]}`} />
            <span className={styles["text"]}>{titleOf(span)}</span>
            <span className={panel["faint"]}>{span.to === undefined ? "" : duration(span.to - span.from)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function titleOf({ tool, title, from, to, failed }: ToolSpan): string {
  const took = to === undefined || to - from < 60_000 ? "" : ` (${elapsed(to - from)})`;
  return `${oneLine(tool.replaceAll("_", " "), 60)}${title === "" ? "" : `: ${oneLine(title, 120)}`}${failed ? " – failed" : ""}${took}`;
}
