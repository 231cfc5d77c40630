import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A process that can be killed and started again. */
export interface Mortal<Said> {
  readonly pid: number;
  readonly said: Said;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a script of this folder from its sources and waits for what it says first. It ends with the test. */
export async function startProcess<Said>(
  script: string,
  options: object,
  parse: (said: unknown) => Said,
): Promise<Mortal<Said>> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const execArgv = ["--import", "tsx", "--conditions=@skein/source"];
  const child = fork(file, [JSON.stringify(options)], { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const gone = once(child, "exit");
  const kill = async (): Promise<void> => {
    if (isAlive(child)) child.kill("SIGKILL");
    await gone;
  };
  onTestFinished(kill);
  const failed = gone.then(() => Promise.reject(new Error(`${script} ended before it had started.`)));
  failed.catch(() => undefined);
  const [said]: unknown[] = await Promise.race([once(child, "message"), failed]);
  return { pid: child.pid ?? 0, said: parse(said), kill };
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
