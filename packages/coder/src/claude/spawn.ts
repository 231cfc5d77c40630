import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { ClaudeOptions } from "./sdk.ts";
import { createTextTail } from "../process/text-tail.ts";
import { killProcess } from "../process/reap.ts";
import { processTree } from "../process/process-tree.ts";

/**
 * The process of a session, started for the SDK by us: in a session of its own, so that a Ctrl-C in the terminal of
 * the runner does not reach it before we end it in order.
 */
export interface AgentProcess {
  readonly spawn: NonNullable<ClaudeOptions["spawnClaudeCodeProcess"]>;
  pid(): number | undefined;
  /** The last words on its standard error. */
  stderr(): string;
  /** SIGTERM, SIGKILL after the grace, and what it started where that cannot be found by its marker. */
  end(graceMs: number): Promise<void>;
}

export function createAgentProcess(): AgentProcess {
  const tail = createTextTail();
  let child: ChildProcess | undefined;
  return {
    spawn({ command, args, cwd, env, signal }) {
      const options = { env, signal, stdio: "pipe", detached: true, windowsHide: true } as const;
      const made = spawn(command, args, cwd === undefined ? options : { ...options, cwd });
      made.stderr.on("data", (chunk: Buffer) => tail.add(chunk.toString("utf8")));
      child = made;
      return made;
    },
    pid: () => child?.pid,
    stderr: () => tail.text(),
    async end(graceMs) {
      if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      const tree = process.platform === "linux" ? [] : await processTree(child.pid).catch(() => []);
      child.kill("SIGTERM");
      const timer = setTimeout(() => child?.kill("SIGKILL"), graceMs);
      // It never began: the SDK tells why.
      await exited.catch(() => undefined);
      clearTimeout(timer);
      for (const pid of tree) killProcess(pid, "SIGKILL");
    },
  };
}
