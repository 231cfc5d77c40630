import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

interface ChildOptions {
  readonly uid?: number;
  readonly gid?: number;
  /** A program and its arguments that the command line is appended to. */
  readonly within?: readonly string[];
}

/** Runs a script of this folder from its sources in a process of its own. */
export function runChild(script: string, args: readonly string[], options: ChildOptions = {}): Child {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { within = [], ...user } = options;
  const line = [...within, process.execPath, "--import", "tsx", "--conditions=@skein/source", file, ...args];
  const [program = "", ...rest] = line;
  const child = spawn(program, rest, user);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const closed = new Promise<void>((resolve) => child.stdout.once("close", resolve));
  return {
    process: child,
    lines: createInterface({ input: child.stdout }),
    errors: () => errors,
    exited,
    async kill() {
      child.kill("SIGKILL");
      await Promise.all([exited, closed]);
    },
  };
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterable<string>;
  errors(): string;
  readonly exited: Promise<number | null>;
  /** Resolves when it is dead and all it had said has been read. */
  kill(): Promise<void>;
}
