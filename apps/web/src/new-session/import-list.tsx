import type { RunnerInfo } from "@skein/protocol";
import { useState } from "react";
import { agentName } from "../text/format.ts";
import { LocalSessions } from "./attach-list.tsx";
import styles from "./new-session-page.module.css";
import { agentsStatus, type LocalSession } from "./runner-calls.ts";
import { useRunnerCall } from "./use-runner.ts";
import { useSpawn } from "./use-spawn.ts";

/** Brings a session of any agent to one that is driven here. The session that it comes from stays as it is. */
export function ImportList({ runner }: { readonly runner: RunnerInfo }) {
  const spawn = useSpawn();
  const status = useRunnerCall(runner.id, "agents.status", "{}", agentsStatus);
  const agents = status.kind === "ready" ? status.value.agents.filter(({ installed }) => installed) : [];
  const [chosen, setChosen] = useState<string>();
  const to = chosen ?? agents[0]?.agent ?? "claude";
  const bring = async ({ agent, id, cwd }: LocalSession): Promise<void> => {
    if (!isAgent(agent) || !isAgent(to)) throw new Error(`${agentName(agent)} cannot be brought to ${agentName(to)}.`);
    const where = cwd === undefined ? {} : { cwd };
    await spawn({ agent: to, importFrom: { agent, sessionId: id }, ...where });
  };
  return (
    <div className={styles["form"]}>
      <p className={styles["hint"]}>
        A copy goes on; the session it comes from stays as it is. For the same agent it is complete. Another agent gets
        prompts, answers, commands and their results; tools that it lacks are told in words, thoughts are left out. The
        session says what was kept.
      </p>
      {agents.length > 1 && (
        <label className={styles["field"]}>
          <span className={styles["label"]}>Go on with</span>
          <select className={styles["input"]} value={to} onChange={(event) => setChosen(event.target.value)}>
            {agents.map(({ agent }) => (
              <option key={agent} value={agent}>
                {agentName(agent)}
              </option>
            ))}
          </select>
        </label>
      )}
      <LocalSessions runner={runner} importable busyText="Importing…" onOpen={bring} />
    </div>
  );
}

function isAgent(agent: string): agent is "claude" | "codex" {
  return agent === "claude" || agent === "codex";
}
