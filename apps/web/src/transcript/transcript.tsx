import type { TranscriptItem } from "@skein/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button, IconButton } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./transcript.module.css";
import { useOpened } from "./use-opened.ts";
import itemStyles from "./item.module.css";
import { itemText } from "./item-text.ts";
import { GroupRow } from "./group-row.tsx";
import { ItemView } from "./item-view.tsx";
import { useTranscript } from "./transcript-context.ts";
import { estimateHeight, itemFor, useLines, type WantedRow } from "./transcript-lines.ts";

export interface TranscriptProps {
  readonly items: readonly TranscriptItem[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly missed: number;
  readonly loading: "older" | "newer" | undefined;
  /** A turn is running. */
  readonly active: boolean;
  /** A row to show and point out. */
  readonly target?: WantedRow | undefined;
  /** Another number when the reader has sent something: then the end is what they want to see. */
  readonly sent: number;
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  readonly toEnd: () => void;
  readonly onFollowing: (following: boolean) => void;
}

/** Behind any end: the first rows that are made are the last ones. */
const FAR = 1e9;
const EDGE = 48;
/** This near to the end counts as reading the end. */
const AT_END = 48;
/** Pages are read when fewer rows than this are left above (or below) the view. */
const AHEAD = 12;

/** The rows in view, of however many there are. Opens at the end, keeps its place when others are added at either side. */
export function Transcript(props: TranscriptProps) {
  const { items, atStart, atEnd, missed, loading, target, loadOlder, loadNewer, onFollowing } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const pointed = useMemo(() => itemFor(items, target), [items, target]);
  const [lines, toggleGroup] = useLines(items, props.active, pointed, target?.jump);
  const wanted = pointed === undefined ? -1 : lines.findIndex(({ key }) => key === pointed);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => estimateHeight(lines[index]),
    getItemKey: (index) => lines[index]?.key ?? index,
    initialOffset: () => (wanted < 0 ? FAR : 0),
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: AT_END,
    overscan: 8,
    paddingStart: EDGE,
    paddingEnd: 24,
    directDomUpdates: true,
    useAnimationFrameWithResizeObserver: false,
  });
  const rows = virtualizer.getVirtualItems();
  const first = rows[0]?.index ?? 0;
  const last = rows.at(-1)?.index ?? 0;

  const opened = useOpened(scroll, items.length > 0, wanted, () => {
    if (wanted < 0) virtualizer.scrollToEnd();
    else virtualizer.scrollToIndex(wanted, { align: "center" });
  });
  useJump(target?.jump ?? 0, wanted, (index) => virtualizer.scrollToIndex(index, { align: "center" }));
  const away = useAway(scroll, onFollowing);
  const fresh = useFresh(items, away);

  useEffect(() => {
    if (opened && !atStart && first < AHEAD && loading === undefined) loadOlder();
  }, [opened, items.length, atStart, first, loading, loadOlder]);
  useEffect(() => {
    if (opened && !atEnd && last > lines.length - AHEAD && loading === undefined) loadNewer();
  }, [opened, lines.length, atEnd, last, loading, loadNewer]);

  const goToEnd = (): void => {
    if (atEnd) virtualizer.scrollToEnd();
    else props.toEnd();
  };
  const { sent } = props;
  const followed = useRef(sent);
  useEffect(() => {
    if (followed.current === sent) return;
    followed.current = sent;
    goToEnd();
  });
  const behind = missed + fresh;
  return (
    <div className={styles["frame"]}>
      <h2 className={styles["spoken"]}>Transcript</h2>
      <div className={styles["scroll"]} ref={scroll} tabIndex={0} role="region" aria-label="Transcript">
        <div className={styles["list"]} ref={virtualizer.containerRef}>
          <p className={styles["edge"]}>
            {atStart ? "The beginning" : loading === "older" ? "Reading older rows…" : ""}
          </p>
          {rows.map((row) => {
            const line = lines[row.index];
            return (
              line !== undefined && (
                <div key={row.key} data-index={row.index} ref={virtualizer.measureElement} className={styles["row"]}>
                  {line.kind === "group" ? (
                    <GroupRow group={line} onToggle={() => toggleGroup(line)} />
                  ) : (
                    <Row item={line.item} grouped={line.grouped} target={line.key === pointed} />
                  )}
                </div>
              )
            );
          })}
        </div>
      </div>
      {(away || !atEnd) && (
        <Button className={styles["pill"]} onClick={goToEnd}>
          <Icon name="down" size={14} />
          {behind > 0 ? `${behind} new` : "To the end"}
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  readonly item: TranscriptItem;
  readonly grouped: boolean;
  readonly target: boolean;
}

function Row({ item, grouped, target }: RowProps) {
  const { linkTo, fork } = useTranscript();
  const text = itemText(item);
  const classes = [
    itemStyles["item"],
    itemStyles[item.kind],
    target && itemStyles["target"],
    grouped && itemStyles["grouped"],
  ];
  return (
    <article className={classes.filter(Boolean).join(" ")} tabIndex={-1} data-kind={item.kind} data-row={item.row}>
      <ItemView item={item} />
      {item.ts > 0 && (
        <div className={itemStyles["actions"]}>
          {text !== "" && <CopyButton label="Copy text" text={() => text} />}
          <CopyButton label="Copy link to this row" icon="link" text={() => linkTo(item.row, item.position)} />
          {fork !== undefined && <IconButton icon="fork" label="Fork from here" onClick={() => fork(item)} />}
        </div>
      )}
    </article>
  );
}

/** Goes to the wanted line when somebody asks for it in a transcript that is open already. */
function useJump(jump: number, wanted: number, go: (index: number) => void): void {
  const done = useRef(jump);
  useEffect(() => {
    if (done.current === jump || wanted < 0) return;
    done.current = jump;
    go(wanted);
  });
}

/** Whether the reader has left the end. */
function useAway(scroll: React.RefObject<HTMLDivElement | null>, onFollowing: (following: boolean) => void): boolean {
  const [away, setAway] = useState(false);
  useEffect(() => {
    const element = scroll.current;
    if (element === null) return;
    const look = (): void => {
      const left = element.scrollHeight - element.scrollTop - element.clientHeight;
      setAway(left > AT_END);
      onFollowing(left <= AT_END);
    };
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [scroll, onFollowing]);
  return away;
}

/** How many items came behind the end since the reader left it. */
function useFresh(items: readonly TranscriptItem[], away: boolean): number {
  const seen = useRef<string>(undefined);
  const last = items.at(-1)?.key;
  useEffect(() => {
    if (!away) seen.current = last;
  }, [away, last]);
  if (!away || seen.current === undefined) return 0;
  const index = items.findLastIndex((item) => item.key === seen.current);
  return index < 0 ? 0 : items.length - 1 - index;
}
