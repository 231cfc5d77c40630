import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { TopBar } from "../app/top-bar.tsx";
import { count } from "../text/format.ts";
import { Button } from "../ui/button.tsx";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { collectionsAt, streamPath } from "./event-log.ts";
import { Collections } from "./collections.tsx";
import { Events } from "./events.tsx";
import styles from "./explorer.module.css";
import { useEventLog } from "./use-event-log.ts";

/** Any stream as its messages and as the rows that they make, at any moment of it. */
export function ExplorerPage({ path }: { readonly path: string | undefined }) {
  useEffect(() => {
    document.title = path === undefined ? "Explorer · Skein" : `${path} · Skein`;
  }, [path]);
  return (
    <div className={styles["page"]}>
      <TopBar />
      <main className={styles["main"]}>
        <h1 className={styles["spoken"]}>Explorer</h1>
        <Address key={`address ${path}`} path={path} />
        {path === undefined ? (
          <Notice title="Look into any stream">
            <p>
              Write an entity’s URL, such as <code>/coder/…</code>, or a stream’s path, such as{" "}
              <code>/_skein/shared-state/coder-session/…</code>.
            </p>
          </Notice>
        ) : (
          <Stream key={`stream ${path}`} path={path} />
        )}
      </main>
    </div>
  );
}

function Address({ path }: { readonly path: string | undefined }) {
  const navigate = useNavigate();
  const [text, setText] = useState(path ?? "");
  const [bad, setBad] = useState(false);
  return (
    <form
      className={styles["address"]}
      onSubmit={(event) => {
        event.preventDefault();
        const to = streamPath(text);
        setBad(to === undefined);
        if (to !== undefined) void navigate({ to: "/x/$", params: { _splat: to.slice(1) } });
      }}
    >
      <input
        type="text"
        aria-label="Stream"
        aria-invalid={bad}
        placeholder="/coder/… or /_skein/shared-state/…"
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit">Open</Button>
      {bad && (
        <p role="alert" className={styles["bad"]}>
          A path has letters, digits and . _ ~ - between slashes.
        </p>
      )}
    </form>
  );
}

function Stream({ path }: { readonly path: string }) {
  const { phase, log, loading, loadOlder } = useEventLog(path);
  const end = log.start + log.events.length;
  /** Where the reader has wound to; absent: at the end, and following it. */
  const [wound, setWound] = useState<number>();
  const position = wound === undefined ? end : Math.min(Math.max(wound, log.start), end);
  const collections = useMemo(() => collectionsAt(log, position), [log, position]);
  if (phase.kind === "loading") return <p className={styles["note"]}>Reading…</p>;
  if (phase.kind === "failed") {
    if (phase.code === "unauthorized" || phase.code === "forbidden") return <SignedOut />;
    return (
      <Notice title="This stream cannot be read">
        <p>{phase.message}</p>
      </Notice>
    );
  }
  const wind = (to: number): void => setWound(to >= end ? undefined : Math.max(to, log.start));
  return (
    <>
      <div className={styles["cursor"]}>
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={`behind message ${position} of ${end}`}
          min={log.start}
          max={end}
          value={position}
          onChange={(event) => wind(Number(event.target.value))}
        />
        <Button onClick={() => wind(position - 1)} disabled={position <= log.start}>
          Back
        </Button>
        <Button onClick={() => wind(position + 1)} disabled={position >= end}>
          Forward
        </Button>
        <Button onClick={() => setWound(undefined)} disabled={wound === undefined}>
          Follow the end
        </Button>
        <output className={styles["note"]}>
          {wound === undefined ? "At the end, live" : `Behind message ${position} of ${end}`}
        </output>
      </div>
      <div className={styles["panes"]}>
        <Events log={log} position={position} following={wound === undefined} loading={loading} loadOlder={loadOlder} />
        <section className={styles["pane"]} aria-label="Collections">
          <h2>
            Collections
            {log.start > 0 && (
              <span className={styles["note"]}> made from message {log.start} on: read older ones for all rows</span>
            )}
          </h2>
          {collections.length === 0 ? (
            <p className={styles["note"]}>No rows: {count(position - log.start, "message")} so far.</p>
          ) : (
            <Collections collections={collections} />
          )}
        </section>
      </div>
    </>
  );
}
