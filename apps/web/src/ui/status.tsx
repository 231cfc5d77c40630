import type { SessionStatus } from "@skein/protocol";
import { elapsed } from "../text/format.ts";
import styles from "./status.module.css";
import { useNow } from "./use-now.ts";

const WORDS: Readonly<Record<SessionStatus, string>> = {
  initializing: "Starting",
  running: "Running",
  waiting: "Needs you",
  idle: "Idle",
  error: "Failed",
  killed: "Ended",
};

export function statusWord(status: SessionStatus): string {
  return WORDS[status];
}

export interface StatusProps {
  readonly status: SessionStatus;
  /** When it began: shown as elapsed time while it matters. */
  readonly since?: number | undefined;
}

export function Status({ status, since }: StatusProps) {
  const timed = since !== undefined && (status === "running" || status === "waiting" || status === "initializing");
  return (
    <span className={`${styles["status"]} ${styles[status] ?? ""}`}>
      <span className={styles["dot"]} />
      {WORDS[status]}
      {timed && <Elapsed since={since} />}
    </span>
  );
}

function Elapsed({ since }: { readonly since: number }) {
  const now = useNow();
  return <span className={styles["time"]}>{elapsed(now - since)}</span>;
}
