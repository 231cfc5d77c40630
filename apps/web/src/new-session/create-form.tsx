import type { RunnerInfo } from "@skein/protocol";
import { useSessions } from "@skein/react";
import type { PermissionMode } from "@skein/sessions";
import { useState, type FormEvent, type ReactNode } from "react";
import { agentName, shortPath } from "../text/format.ts";
import { visibleText } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { fieldError, type FieldError, type FieldName } from "./form-errors.ts";
import styles from "./new-session-page.module.css";
import { agentsStatus, type AgentStatus } from "./runner-calls.ts";
import { useRunnerCall } from "./use-runner.ts";
import { useSpawn } from "./use-spawn.ts";

const MODES: readonly { readonly mode: PermissionMode; readonly name: string; readonly what: string }[] = [
  { mode: "ask", name: "Ask", what: "You allow or deny what it wants to do, on any device" },
  { mode: "accept-edits", name: "Accept edits", what: "Edits in the directory go through; the rest is asked" },
  { mode: "plan", name: "Plan", what: "It reads and plans; nothing is changed until you say so" },
  { mode: "bypass", name: "Do everything", what: "Nothing is asked. For machines with nothing to lose" },
];

const MOST_RECENT = 6;

export function CreateForm({ runner }: { readonly runner: RunnerInfo }) {
  const status = useRunnerCall(runner.id, "agents.status", "{}", agentsStatus);
  const agents = status.kind === "ready" ? status.value.agents : [];
  const recents = useRecentDirectories();
  const spawn = useSpawn();
  const [agent, setAgent] = useState("claude");
  const [directory, setDirectory] = useState("");
  const [model, setModel] = useState("");
  const [mode, setMode] = useState<PermissionMode>("ask");
  const modes = agents.find((one) => one.agent === agent)?.modes ?? ["ask", "accept-edits", "bypass"];
  const chosen = modes.includes(mode) ? mode : "ask";
  const [prompt, setPrompt] = useState("");
  const [problem, setProblem] = useState<FieldError>();
  const [busy, setBusy] = useState(false);
  const problemAt = (field: FieldName): string | undefined => (problem?.field === field ? problem.message : undefined);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const args = {
      agent,
      permissionMode: chosen,
      ...(directory.trim() === "" ? {} : { cwd: directory.trim() }),
      ...(model.trim() === "" ? {} : { model: model.trim() }),
    };
    try {
      await spawn(args, prompt.trim() === "" ? undefined : prompt);
    } catch (error) {
      setProblem(fieldError(error));
      setBusy(false);
    }
  };

  return (
    <form className={styles["form"]} onSubmit={(event) => void submit(event)}>
      <AgentField agents={agents} agent={agent} onChange={setAgent} problem={problemAt("agent")} />
      <Field
        label="Directory"
        name="directory"
        problem={problemAt("directory")}
        hint={`On ${runner.machine ?? "the server’s machine"}. Empty: the runner’s own.`}
      >
        {(described) => (
          <>
            <input
              {...described}
              className={`${styles["input"]} ${styles["path"]}`}
              value={directory}
              onChange={(event) => setDirectory(event.target.value)}
              placeholder="/home/you/project"
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
            />
            {recents.length > 0 && (
              <div className={styles["recents"]} role="group" aria-label="Recent directories">
                {recents.map((path) => (
                  <button
                    key={path}
                    type="button"
                    className={styles["recent"]}
                    title={path}
                    onClick={() => setDirectory(path)}
                  >
                    {visibleText(shortPath(path, 40))}
                  </button>
                ))}
              </div>
            )}
          </>
        )}
      </Field>
      <Field label="Model" name="model" problem={problemAt("model")} hint="Empty: the agent’s default.">
        {(described) => (
          <input
            {...described}
            className={styles["input"]}
            value={model}
            onChange={(event) => setModel(event.target.value)}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
          />
        )}
      </Field>
      <fieldset className={styles["field"]}>
        <legend className={styles["label"]}>Permissions</legend>
        <div className={styles["choices"]}>
          {MODES.filter(({ mode: one }) => modes.includes(one)).map((one) => (
            <label key={one.mode} className={styles["choice"]}>
              <input type="radio" name="mode" checked={chosen === one.mode} onChange={() => setMode(one.mode)} />
              {one.name}
              <small>{one.what}</small>
            </label>
          ))}
        </div>
      </fieldset>
      <Field label="First prompt" name="prompt" hint="You can also start with an empty session.">
        {(described) => (
          <textarea
            {...described}
            className={`${styles["input"]} ${styles["area"]}`}
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
          />
        )}
      </Field>
      {problemAt("form") !== undefined && (
        <p role="alert" className={styles["error"]}>
          {problemAt("form")}
        </p>
      )}
      <div className={styles["actions"]}>
        <Button look="primary" type="submit" disabled={busy}>
          {busy ? "Starting…" : "Start session"}
        </Button>
      </div>
    </form>
  );
}

interface AgentFieldProps {
  readonly agents: readonly AgentStatus[];
  readonly agent: string;
  readonly onChange: (agent: string) => void;
  readonly problem: string | undefined;
}

function AgentField({ agents, agent, onChange, problem }: AgentFieldProps) {
  // Until the runner has answered, there is the one that is chosen.
  const shown = agents.some((one) => one.agent === agent) ? agents.map((one) => one.agent) : [agent];
  return (
    <fieldset className={styles["field"]}>
      <legend className={styles["label"]}>Agent</legend>
      <div className={styles["choices"]}>
        {shown.map((one) => {
          const status = agents.find((known) => known.agent === one);
          const missing = status !== undefined && !status.installed;
          return (
            <label key={one} className={styles["choice"]}>
              <input
                type="radio"
                name="agent"
                checked={agent === one}
                disabled={missing}
                onChange={() => onChange(one)}
              />
              {status?.name ?? agentName(one)}
              <small>{agentNote(status)}</small>
            </label>
          );
        })}
      </div>
      {problem !== undefined && (
        <p role="alert" className={styles["error"]}>
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function agentNote(status: AgentStatus | undefined): string {
  if (status === undefined) return "";
  if (!status.installed) return status.hint ?? "Not installed on this machine";
  if (status.signedIn === false) return status.hint ?? "Not signed in";
  return status.version === undefined ? "Installed" : `Version ${status.version}`;
}

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly hint?: string;
  readonly problem?: string | undefined;
  readonly children: (described: {
    readonly id: string;
    readonly name: string;
    readonly "aria-describedby": string;
    readonly "aria-invalid": boolean;
  }) => ReactNode;
}

function Field({ label, name, hint, problem, children }: FieldProps) {
  const note = `${name}-note`;
  return (
    <div className={styles["field"]}>
      <label className={styles["label"]} htmlFor={name}>
        {label}
      </label>
      {children({ id: name, name, "aria-describedby": note, "aria-invalid": problem !== undefined })}
      {problem === undefined ? (
        <p id={note} className={styles["hint"]}>
          {hint}
        </p>
      ) : (
        <p id={note} role="alert" className={styles["error"]}>
          {problem}
        </p>
      )}
    </div>
  );
}

function useRecentDirectories(): readonly string[] {
  const { sessions } = useSessions();
  return [...new Set(sessions.map(({ cwd }) => cwd))].filter((cwd) => cwd !== "").slice(0, MOST_RECENT);
}
