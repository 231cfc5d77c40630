import { useForks, type CodingSession, type ForkNode } from "@skein/react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { agentName, ago, cost, count } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Status } from "../ui/status.tsx";
import { useNow } from "../ui/use-now.ts";
import { Compare } from "./compare.tsx";
import styles from "./forks.module.css";
import panel from "./panel.module.css";

/** The tree of sessions that this one belongs to; two of them can be compared. */
export function Forks({ session }: { readonly session: CodingSession }) {
  const { root, cut } = useForks(session.id);
  const [other, setOther] = useState<string>();
  const alone = root.forks.length === 0 && root.id === session.id;
  return (
    <>
      {alone ? (
        <p className={panel["empty"]}>
          This session was not forked. “Fork from here” on any row begins another one with the history up to there.
        </p>
      ) : (
        <ul className={styles["tree"]} aria-label="Forks">
          <Branch node={root} current={session.id} other={other} onCompare={setOther} />
        </ul>
      )}
      {cut && <p className={panel["note"]}>There are more forks than are shown here.</p>}
      {other !== undefined && other !== session.id && (
        <Compare key={other} left={session.id} right={other} onClose={() => setOther(undefined)} />
      )}
    </>
  );
}

interface BranchProps {
  readonly node: ForkNode;
  readonly current: string;
  readonly other: string | undefined;
  readonly onCompare: (id: string) => void;
}

function Branch({ node, current, other, onCompare }: BranchProps) {
  const { id, forks } = node;
  return (
    <li>
      <div className={`${styles["node"]} ${id === current ? styles["current"] : ""}`}>
        <NodeText node={node} current={id === current} />
        {id !== current && node.session && (
          <button type="button" className={styles["compare"]} aria-pressed={other === id} onClick={() => onCompare(id)}>
            Compare
          </button>
        )}
      </div>
      {forks.length > 0 && (
        <ul>
          {forks.map((fork) => (
            <Branch key={fork.id} node={fork} current={current} other={other} onCompare={onCompare} />
          ))}
        </ul>
      )}
    </li>
  );
}

function NodeText({ node, current }: { readonly node: ForkNode; readonly current: boolean }) {
  const now = useNow();
  const { id, session } = node;
  if (session === undefined) return <span className={panel["faint"]}>…</span>;
  if (session === null) return <span className={panel["faint"]}>A session that is gone</span>;
  const facts = [
    agentName(session.agent),
    count(session.turns, "turn"),
    session.costUsd === undefined || session.costUsd === 0 ? "" : cost(session.costUsd),
    ago(session.lastActivityAt, now),
  ];
  const title = oneLine(session.title, 90) || "Untitled session";
  return (
    <div className={styles["words"]}>
      {current ? (
        <strong aria-current="true">{title}</strong>
      ) : (
        <Link to="/s/$sessionId" params={{ sessionId: id }} search={{ view: "forks" }}>
          {title}
        </Link>
      )}
      <span className={panel["faint"]}>
        <Status status={session.status} since={session.statusSince} /> {facts.filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}
