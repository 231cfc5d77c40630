import { Dialog } from "@base-ui/react/dialog";
import { useSkein, type CodingSession } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState, type FormEvent } from "react";
import { agentsStatus } from "../new-session/runner-calls.ts";
import { useRunnerCall, useRunners } from "../new-session/use-runner.ts";
import { agentName, shortPath } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import dialog from "../ui/dialog.module.css";
import { failureText } from "../ui/failure.ts";
import type { ForkCut } from "./fork-cut.ts";
import styles from "./fork-dialog.module.css";

export interface ForkDialogProps {
  readonly session: CodingSession;
  readonly cut: ForkCut;
  readonly onClose: () => void;
}

const FILES = [
  { files: "share", name: "The same directory", what: "Both work on the same files" },
  { files: "worktree", name: "A working tree of its own", what: "The files as they were there, in a git worktree" },
  { files: "none", name: "An empty folder", what: "Only the conversation goes on" },
] as const;
type Files = (typeof FILES)[number]["files"];

/** Another session that begins with the history of this one up to a row. */
export function ForkDialog({ session, cut, onClose }: ForkDialogProps) {
  const { client, environment } = useSkein();
  const navigate = useNavigate();
  const row = session.session;
  const [agent, setAgent] = useState(row?.agent ?? "claude");
  const [files, setFiles] = useState<Files>("share");
  const [directory, setDirectory] = useState("");
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const agents = useAgents(row?.agent);
  const last = useRef<{ readonly request: string; readonly id: string }>(undefined);

  const fork = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (row === undefined) return;
    setBusy(true);
    setFailure(undefined);
    const cwd = directory.trim();
    const request = {
      ...(cut.at === undefined ? {} : { at: cut.at }),
      ...(agent === row.agent ? {} : { agent }),
      // A directory that was given is where it works: nothing is put there.
      ...(cwd === "" ? { files } : { cwd }),
    };
    // Trying again after a lost answer makes no second one.
    const text = JSON.stringify(request);
    const id = last.current?.request === text ? last.current.id : environment.newId();
    last.current = { request: text, id };
    try {
      await client.fork(row.coder, { ...request, id });
      if (cut.prompt !== "") environment.storage.set(`skein:draft:${id}`, cut.prompt);
      await navigate({ to: "/s/$sessionId", params: { sessionId: id } });
    } catch (error) {
      setFailure(failureText(error));
      setBusy(false);
    }
  };

  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={dialog["backdrop"]} />
        <Dialog.Popup className={dialog["popup"]}>
          <Dialog.Title className={dialog["title"]}>Fork this session</Dialog.Title>
          <Dialog.Description className={dialog["text"]}>
            A new session begins {cut.where}. This one stays as it is.
          </Dialog.Description>
          <form className={styles["form"]} onSubmit={(event) => void fork(event)}>
            <label className={styles["field"]}>
              <span>Agent</span>
              <select value={agent} onChange={(event) => setAgent(event.target.value)}>
                {agents.map(({ agent: one, usable }) => (
                  <option key={one} value={one} disabled={!usable}>
                    {oneLine(agentName(one), 40)}
                    {one === row?.agent ? " – with everything it knows" : " – gets the history as text"}
                  </option>
                ))}
              </select>
            </label>
            <fieldset className={styles["field"]}>
              <legend>Files</legend>
              {FILES.map(({ files: one, name, what }) => (
                <label key={one} className={styles["choice"]}>
                  <input
                    type="radio"
                    name="files"
                    checked={directory.trim() === "" && files === one}
                    disabled={directory.trim() !== ""}
                    onChange={() => setFiles(one)}
                  />
                  <span>
                    {name}
                    <small>{what}</small>
                  </span>
                </label>
              ))}
            </fieldset>
            <label className={styles["field"]}>
              <span>Another directory</span>
              <input
                value={directory}
                onChange={(event) => setDirectory(event.target.value)}
                placeholder={row === undefined ? "" : shortPath(oneLine(row.cwd, 300), 60)}
                autoComplete="off"
                autoCapitalize="off"
                spellCheck={false}
              />
            </label>
            {failure !== undefined && (
              <p role="alert" className={dialog["failure"]}>
                {failure}
              </p>
            )}
            <div className={dialog["actions"]}>
              <Dialog.Close render={<Button>Cancel</Button>} />
              <Button look="primary" type="submit" disabled={busy || row === undefined}>
                {busy ? "Forking…" : "Fork"}
              </Button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Those of the runner, and the session's own in any case. */
function useAgents(own: string | undefined): readonly { readonly agent: string; readonly usable: boolean }[] {
  const runners = useRunners();
  const runner = runners.kind === "ready" ? runners.value[0]?.id : undefined;
  const status = useRunnerCall(runner, "agents.status", "{}", agentsStatus);
  const known = status.kind === "ready" ? status.value.agents : [];
  const listed = known.map(({ agent, installed }) => ({ agent, usable: installed }));
  return own === undefined || listed.some(({ agent }) => agent === own)
    ? listed
    : [{ agent: own, usable: true }, ...listed];
}
