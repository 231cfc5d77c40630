import { Tabs } from "@base-ui/react/tabs";
import { type CodingSession, type OverviewView, useOverview } from "@skein/react";
import { useEffect, useRef } from "react";
import { IconButton } from "../ui/button.tsx";
import { Changes } from "./changes.tsx";
import { Commands } from "./commands.tsx";
import { Forks } from "./forks.tsx";
import { Info } from "./info.tsx";
import styles from "./panel.module.css";
import { ScanNote } from "./scan-note.tsx";
import { Timeline } from "./timeline.tsx";
import { Usage } from "./usage.tsx";
import { VIEW_NAMES, VIEWS, type View } from "./views.ts";

export interface PanelProps {
  readonly session: CodingSession;
  readonly view: View;
  readonly onView: (view: View | undefined) => void;
}

/** The viewers of one session: beside the transcript where there is room, in its place on a phone. */
export function Panel({ session, view, onView }: PanelProps) {
  const scan = useOverview(session.id);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const inside = event.target instanceof Element && event.target.closest(`.${styles["panel"]}`) !== null;
      if (event.key === "Escape" && inside && !event.defaultPrevented) onView(undefined);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onView]);
  const tabs = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where there is no room for all tabs, the one that is open is in view.
    tabs.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [view]);
  const select = (value: unknown): void => {
    const next = VIEWS.find((one) => one === value);
    if (next !== undefined) onView(next);
  };
  return (
    <aside className={styles["panel"]} aria-label="Viewers">
      <Tabs.Root value={view} onValueChange={select} className={styles["root"]}>
        <div className={styles["head"]}>
          <Tabs.List ref={tabs} className={styles["tabs"]} activateOnFocus>
            {VIEWS.map((one) => (
              <Tabs.Tab key={one} value={one} className={styles["tab"]}>
                {VIEW_NAMES[one]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <IconButton icon="close" label="Close the viewers" onClick={() => onView(undefined)} />
        </div>
        <Tabs.Panel value={view} className={styles["body"]} key={view}>
          <Viewer session={session} view={view} scan={scan} />
        </Tabs.Panel>
      </Tabs.Root>
    </aside>
  );
}

interface ViewerProps {
  readonly session: CodingSession;
  readonly view: View;
  readonly scan: OverviewView | undefined;
}

function Viewer({ session, view, scan }: ViewerProps) {
  if (view === "forks") return <Forks session={session} />;
  // How long the session is, and so whether there is nothing in it, is not known yet.
  if (scan === undefined || scan.total === 0) {
    return <p className={styles["empty"]}>{scan?.failure === undefined ? "Reading…" : scan.failure}</p>;
  }
  const { overview } = scan;
  const reading = scan.scanned < scan.total;
  return (
    <>
      <ScanNote scan={scan} />
      {view === "changes" && <Changes session={session} overview={overview} reading={reading} />}
      {view === "commands" && <Commands session={session} overview={overview} reading={reading} />}
      {view === "timeline" && <Timeline overview={overview} reading={reading} />}
      {view === "usage" && <Usage overview={overview} reading={reading} />}
      {view === "info" && <Info session={session} overview={overview} />}
    </>
  );
}
