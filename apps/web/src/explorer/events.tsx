import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { CodeBlock } from "../transcript/code-block.tsx";
import { oneLine } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { eventSummary, type EventLog } from "./event-log.ts";
import styles from "./explorer.module.css";

export interface EventsProps {
  readonly log: EventLog;
  /** Messages behind it are shown faint: they have not happened yet. */
  readonly position: number;
  readonly following: boolean;
  readonly loading: boolean;
  readonly loadOlder: (() => void) | undefined;
}

const LINE = 30;

export function Events({ log, position, following, loading, loadOlder }: EventsProps) {
  const scroll = useRef<HTMLDivElement>(null);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const virtualizer = useVirtualizer({
    count: log.events.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => LINE,
    getItemKey: (index) => log.start + index,
    overscan: 12,
  });
  const index = position - log.start - 1;
  useEffect(() => {
    if (index >= 0) virtualizer.scrollToIndex(index, { align: following ? "end" : "center" });
  }, [virtualizer, index, following]);
  const turn = (at: number): void =>
    setUnfolded((before) => new Set(before.has(at) ? [...before].filter((one) => one !== at) : [...before, at]));
  return (
    <section className={styles["pane"]} aria-label="Messages">
      <h2>
        Messages {log.start} to {log.start + log.events.length}
        <Button look="quiet" onClick={loadOlder} disabled={loadOlder === undefined}>
          {loading ? "Reading…" : "Older"}
        </Button>
      </h2>
      <div className={styles["scroll"]} ref={scroll} tabIndex={0} role="region" aria-label="Messages of the stream">
        <ol className={styles["events"]} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((row) => {
            const event = log.events[row.index];
            if (event === undefined) return null;
            const at = log.start + row.index;
            const { operation, what } = eventSummary(event);
            return (
              <li
                key={row.key}
                data-index={row.index}
                ref={virtualizer.measureElement}
                className={at >= position ? styles["later"] : ""}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <button
                  type="button"
                  className={styles["event"]}
                  aria-expanded={unfolded.has(at)}
                  onClick={() => turn(at)}
                >
                  <span className={styles["position"]}>{at}</span>
                  <span className={styles["operation"]} data-operation={operation}>
                    {operation}
                  </span>
                  <span className={styles["what"]}>{oneLine(what, 200)}</span>
                </button>
                {unfolded.has(at) && <CodeBlock text={JSON.stringify(event, null, 2)} language="json" wrap />}
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
