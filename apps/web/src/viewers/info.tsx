import type { CodingSession, Overview } from "@skein/react";
import { agentName, clockTime, count } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./panel.module.css";

export interface InfoProps {
  readonly session: CodingSession;
  readonly overview: Overview;
}

const MODES: Readonly<Record<string, string>> = {
  ask: "Asks before it does something",
  "accept-edits": "Edits without asking",
  bypass: "Does everything without asking",
  plan: "Plans, and changes nothing",
};

/** What is known of a session, ready to be copied. */
export function Info({ session, overview }: InfoProps) {
  const now = useNow();
  const { session: row } = session;
  const { info } = overview;
  if (row === undefined) return <p className={styles["empty"]}>Reading…</p>;
  const mode = row.permissionMode;
  const branch = row.branch ?? info?.git?.branch;
  const native = info?.nativeSessionId;
  const resume = native === undefined ? undefined : RESUME[row.agent]?.(native);
  return (
    <dl className={styles["info"]}>
      <Fact name="Session" value={row.id} />
      <Fact name="Agent" value={`${agentName(row.agent)}${row.model === undefined ? "" : ` · ${row.model}`}`} />
      {native !== undefined && <Fact name="Agent’s own id" value={native} />}
      {resume !== undefined && <Fact name="In a terminal" value={resume} />}
      <Fact name="Directory" value={row.cwd} />
      {branch !== undefined && <Fact name="Branch" value={branch} />}
      {info?.git?.commit !== undefined && <Fact name="Began at commit" value={info.git.commit} />}
      {info?.git?.remote !== undefined && <Fact name="Repository" value={info.git.remote} />}
      {(row.machine ?? info?.machine) !== undefined && (
        <Fact name="Machine" value={row.machine ?? info?.machine ?? ""} />
      )}
      <Fact name="Permissions" value={MODES[mode] ?? mode} copy={false} />
      <Fact name="Began" value={clockTime(row.createdAt, now)} copy={false} />
      <Fact name="Last activity" value={clockTime(row.lastActivityAt, now)} copy={false} />
      <Fact
        name="Size"
        value={`${count(overview.turns.length + overview.turnsLeftOut, "turn")}, ${count(overview.files.length + overview.filesLeftOut, "changed file")}`}
        copy={false}
      />
      {info?.importedFrom !== undefined && (
        <Fact name="Imported from" value={`${agentName(info.importedFrom.agent)} ${info.importedFrom.sessionId}`} />
      )}
      <Fact name="History’s stream" value={row.resource} />
      <Fact name="Coder" value={row.coder} />
    </dl>
  );
}

const RESUME: Readonly<Record<string, (id: string) => string>> = {
  claude: (id) => `claude --resume ${id}`,
  codex: (id) => `codex resume ${id}`,
};

function Fact({
  name,
  value,
  copy = true,
}: {
  readonly name: string;
  readonly value: string;
  readonly copy?: boolean;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span className={copy ? styles["mono"] : undefined}>{oneLine(value, 400)}</span>
        {copy && <CopyButton label={`Copy ${name.toLowerCase()}`} text={() => value} />}
      </dd>
    </div>
  );
}
