import { useOverview, type Overview } from "@skein/react";
import { count, relativePath } from "../text/format.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { IconButton } from "../ui/button.tsx";
import { Amounts } from "./changes.tsx";
import { compareSessions, type Side } from "./compare-sessions.ts";
import styles from "./forks.module.css";
import panel from "./panel.module.css";

export interface CompareProps {
  readonly left: string;
  readonly right: string;
  readonly onClose: () => void;
}

/** Two sessions of a family: what each did that the other did not. */
export function Compare({ left, right, onClose }: CompareProps) {
  const [a, b] = [useOverview(left), useOverview(right)];
  const ready = a !== undefined && b !== undefined;
  const scanned = ready && a.scanned === a.total && b.scanned === b.total && a.total > 0 && b.total > 0;
  const compared = ready ? compareSessions(a.overview, b.overview) : undefined;
  return (
    <section className={styles["comparison"]} aria-label="Comparison">
      <div className={panel["bar"]}>
        <h3>Compared</h3>
        <IconButton icon="close" label="Close the comparison" onClick={onClose} />
      </div>
      {!scanned && <p className={panel["note"]}>Reading both sessions…</p>}
      {compared !== undefined && (
        <>
          <p className={panel["note"]}>{count(compared.shared, "turn")} in common</p>
          <SideView name="This session" side={compared.left} overview={a?.overview} />
          <SideView name="The other one" side={compared.right} overview={b?.overview} />
        </>
      )}
    </section>
  );
}

interface SideProps {
  readonly name: string;
  readonly side: Side;
  readonly overview: Overview | undefined;
}

const MOST = 40;

function SideView({ name, side, overview }: SideProps) {
  const { turns, files } = side;
  return (
    <div className={styles["side"]}>
      <h4>
        {name}: {turns.length === 0 ? "nothing of its own" : `${count(turns.length, "turn")} of its own`}
      </h4>
      <ol>
        {turns.slice(0, MOST).map(({ number, prompt }) => (
          <li key={number}>
            <span className={panel["faint"]}>{number}.</span> {oneLine(prompt, 140) || "Without a prompt"}
          </li>
        ))}
      </ol>
      {turns.length > MOST && <p className={panel["note"]}>{count(turns.length - MOST, "more turn")}</p>}
      <ul>
        {files.slice(0, MOST).map(({ path, added, removed, both }) => (
          <li key={path} className={styles["changed"]}>
            <code>{visibleText(relativePath(path, overview?.info?.cwd).slice(0, 300))}</code>
            {both && <span className={panel["faint"]}>in both</span>}
            <Amounts added={added} removed={removed} />
          </li>
        ))}
      </ul>
      {files.length > MOST && <p className={panel["note"]}>{count(files.length - MOST, "more file")}</p>}
    </div>
  );
}
