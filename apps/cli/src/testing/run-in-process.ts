import { tmpdir } from "node:os";
import { runCli } from "../cli.ts";
import type { CliIo } from "../io.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with an environment of its own. `onOutput` sees standard output as it grows. */
export async function runInProcess(
  argv: readonly string[],
  io: Partial<CliIo> = {},
  onOutput: (stdout: string) => void = () => {},
): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  let ids = 0;
  const code = await runCli(
    {
      stdout: (text) => {
        stdout += text;
        onOutput(stdout);
      },
      stderr: (text) => (stderr += text),
      env: {},
      cwd: tmpdir(),
      homeFolder: tmpdir(),
      interactive: false,
      color: false,
      columns: 0,
      now: () => 0,
      newId: () => `id-${(ids += 1)}`,
      signal: new AbortController().signal,
      readInput: async () => undefined,
      ask: async () => "",
      ...io,
    },
    argv,
    "0.0.0",
  );
  return { code, stdout, stderr };
}
