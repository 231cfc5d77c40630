import { useLogRows, type CodingSession, type CommandRun, type Overview } from "@skein/react";
import { useMemo, useState } from "react";
import { clockTime, count, duration } from "../text/format.ts";
import { command as commandOf } from "../text/tool-summary.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { AnsiText } from "../transcript/ansi-text.tsx";
import { CodeBlock } from "../transcript/code-block.tsx";
import { useTranscript } from "../transcript/transcript-context.ts";
import { WholeOutput } from "../transcript/whole-output.tsx";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./panel.module.css";

export interface CommandsProps {
  readonly session: CodingSession;
  readonly overview: Overview;
  readonly reading: boolean;
}

const PAGE = 100;

/** Every command that was run, the newest first, with its output when somebody wants to see it. */
export function Commands({ session, overview, reading }: CommandsProps) {
  const [words, setWords] = useState("");
  const [failed, setFailed] = useState(false);
  const [most, setMost] = useState(PAGE);
  const found = useMemo(() => {
    const wanted = words.toLowerCase();
    return overview.commands
      .filter((run) => (!failed || run.failed) && run.command.toLowerCase().includes(wanted))
      .toReversed();
  }, [overview.commands, words, failed]);
  if (overview.commands.length === 0) {
    return <p className={styles["empty"]}>{reading ? "None so far." : "No command has been run in this session."}</p>;
  }
  const shown = found.slice(0, most);
  return (
    <>
      <div className={styles["bar"]}>
        <input
          className={styles["input"]}
          type="search"
          aria-label="Filter commands"
          placeholder={`Filter ${count(overview.commands.length, "command")}`}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <label className={styles["check"]}>
          <input type="checkbox" checked={failed} onChange={(event) => setFailed(event.target.checked)} />
          Failed only
        </label>
      </div>
      {found.length === 0 && <p className={styles["empty"]}>No command matches.</p>}
      <ul className={styles["files"]}>
        {shown.map((run) => (
          <Command key={run.position} session={session.id} run={run} />
        ))}
      </ul>
      {shown.length < found.length && (
        <Button look="quiet" onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, found.length - shown.length)} older
        </Button>
      )}
    </>
  );
}

function Command({ session, run }: { readonly session: string; readonly run: CommandRun }) {
  const [open, setOpen] = useState(false);
  const now = useNow();
  const { command, failed, exitCode, from, to } = run;
  return (
    <li className={styles["file"]}>
      <button
        type="button"
        className={`${styles["line"]} ${open ? styles["open"] : ""}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="chevron" size={12} />
        <code className={styles["command"]}>{oneLine(command, 300) || "…"}</code>
        {failed && <span className={styles["minus"]}>{exitCode === undefined ? "failed" : `exit ${exitCode}`}</span>}
        <span className={styles["faint"]}>
          {to === undefined ? "" : `${duration(to - from)} · `}
          {clockTime(from, now)}
        </span>
      </button>
      {open && <Detail session={session} run={run} />}
    </li>
  );
}

function Detail({ session, run }: { readonly session: string; readonly run: CommandRun }) {
  const { goTo } = useTranscript();
  const view = useLogRows(session, run.result === undefined ? [run.position] : [run.position, run.result]);
  if (view.kind === "failed") return <p role="alert">It could not be read: {view.message}</p>;
  if (view.kind === "loading") return <p className={styles["note"]}>Reading…</p>;
  const payloads = view.rows.map(({ row }) => row.payload);
  const call = payloads.find((payload) => payload.type === "tool_call");
  const result = payloads.find((payload) => payload.type === "tool_result");
  const block = (output: string) => (
    <CodeBlock text={output.replace(/\n+$/, "")} lines={40} render={(text) => <AnsiText text={text} />} />
  );
  return (
    <div className={styles["net"]}>
      {call !== undefined && <CodeBlock text={visibleText(commandOf(call.input))} wrap language="bash" prompt />}
      {result === undefined && <p className={styles["note"]}>It has not ended.</p>}
      {result !== undefined && result.output.trim() === "" && <p className={styles["note"]}>No output.</p>}
      {result !== undefined && result.output.trim() !== "" && result.blob === undefined && block(result.output)}
      {result?.blob !== undefined && (
        <WholeOutput blob={result.blob}>{(whole) => block(whole ?? result.output)}</WholeOutput>
      )}
      <p className={styles["links"]}>
        <button type="button" onClick={() => goTo(run.row, run.position)}>
          Show in the transcript
        </button>
      </p>
    </div>
  );
}
