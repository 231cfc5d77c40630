import type { RunnerInfo } from "@skein/protocol";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ago, agentName, bytes, shortPath } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { failureText } from "../ui/failure.ts";
import { Notice } from "../ui/notice.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./new-session-page.module.css";
import { localSessions, type LocalSession } from "./runner-calls.ts";
import { useRunnerCall, type Loaded } from "./use-runner.ts";
import { useSpawn } from "./use-spawn.ts";

const MOST = 100;
const PAUSE_MS = 200;

/** The sessions that the agents themselves have on the runner's machine. */
export function AttachList({ runner }: { readonly runner: RunnerInfo }) {
  const spawn = useSpawn();
  const navigate = useNavigate();
  const attach = async ({ agent, id, cwd, attachedTo }: LocalSession): Promise<void> => {
    if (attachedTo !== undefined) {
      return navigate({ to: "/s/$sessionId", params: { sessionId: lastPart(attachedTo) } });
    }
    if (agent !== "claude" && agent !== "codex") throw new Error(`${agent} cannot be attached.`);
    await spawn({ agent, nativeSessionId: id, ...(cwd === undefined ? {} : { cwd }) });
  };
  return <LocalSessions runner={runner} busyText="Attaching…" onOpen={attach} />;
}

export interface LocalSessionsProps {
  readonly runner: RunnerInfo;
  /** Also those of agents that are not driven there. */
  readonly importable?: boolean;
  readonly busyText: string;
  readonly onOpen: (session: LocalSession) => Promise<void>;
}

/** A list to search and to pick from. */
export function LocalSessions({ runner, importable = false, busyText, onOpen }: LocalSessionsProps) {
  const [search, setSearch] = useState("");
  const wanted = usePaused(search);
  const searched = wanted.trim() === "" ? {} : { search: wanted.trim() };
  const params = JSON.stringify({ limit: MOST, importable, ...searched });
  const found = useRunnerCall(runner.id, "sessions.list", params, localSessions);
  return (
    <>
      <input
        type="search"
        className={`${styles["input"]} ${styles["search"]}`}
        placeholder={`Search the sessions on ${runner.machine ?? "this machine"}`}
        aria-label="Search local sessions"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <Found found={found} searched={wanted.trim() !== ""} busyText={busyText} onOpen={onOpen} />
    </>
  );
}

interface FoundProps {
  readonly found: Loaded<{ readonly sessions: readonly LocalSession[]; readonly skipped?: number | undefined }>;
  readonly searched: boolean;
  readonly busyText: string;
  readonly onOpen: (session: LocalSession) => Promise<void>;
}

function Found({ found, searched, busyText, onOpen }: FoundProps) {
  const [busy, setBusy] = useState<string>();
  const [problem, setProblem] = useState<string>();
  if (found.kind === "loading") return <p className={styles["hint"]}>Looking through the machine’s sessions…</p>;
  if (found.kind === "failed") {
    return (
      <p role="alert" className={styles["error"]}>
        {failureText(found.error)}
      </p>
    );
  }
  const { sessions, skipped = 0 } = found.value;
  if (sessions.length === 0) {
    return (
      <Notice title={searched ? "No session matches" : "No local sessions"}>
        <p>{searched ? "Try other words." : "Sessions that you run in a terminal on this machine appear here."}</p>
      </Notice>
    );
  }
  const open = async (session: LocalSession): Promise<void> => {
    setBusy(session.id);
    setProblem(undefined);
    try {
      await onOpen(session);
    } catch (error) {
      setProblem(failureText(error));
      setBusy(undefined);
    }
  };
  return (
    <>
      {problem !== undefined && (
        <p role="alert" className={styles["error"]}>
          {problem}
        </p>
      )}
      <ul className={styles["list"]} aria-label="Local sessions">
        {sessions.map((session) => (
          <li key={`${session.agent}:${session.id}`}>
            <LocalRow
              session={session}
              busyText={busy === session.id ? busyText : undefined}
              disabled={busy !== undefined}
              onOpen={open}
            />
          </li>
        ))}
      </ul>
      <p className={styles["spacer"]}>
        {skipped > 0 && <span className={styles["hint"]}>{skipped} files could not be read and are not listed.</span>}
      </p>
    </>
  );
}

interface LocalRowProps {
  readonly session: LocalSession;
  readonly busyText: string | undefined;
  readonly disabled: boolean;
  readonly onOpen: (session: LocalSession) => Promise<void>;
}

function LocalRow({ session, busyText, disabled, onOpen }: LocalRowProps) {
  const now = useNow();
  const { agent, id, title, firstPrompt, cwd, updatedAt, sizeBytes, attachedTo } = session;
  return (
    <button type="button" className={styles["local"]} disabled={disabled} onClick={() => void onOpen(session)}>
      <span className={styles["title"]}>{oneLine(title ?? firstPrompt ?? id, 140)}</span>
      <span className={styles["when"]}>{busyText ?? ago(updatedAt, now)}</span>
      <span className={styles["facts"]}>
        {attachedTo !== undefined && <span className={styles["badge"]}>Attached</span>}
        <span>{agentName(agent)}</span>
        {sizeBytes !== undefined && <span>{bytes(sizeBytes)}</span>}
        {cwd !== undefined && <code title={cwd}>{oneLine(shortPath(cwd, 44), 60)}</code>}
      </span>
    </button>
  );
}

function lastPart(attachedTo: string): string {
  return attachedTo.split("/").at(-1) ?? attachedTo;
}

function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}
