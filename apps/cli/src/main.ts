/**
 * The process `skein`: the one place of the CLI that reads the environment and touches the terminal.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { isatty } from "node:tty";
import { z } from "zod";
import { runCli } from "./cli.ts";
import type { CliIo } from "./io.ts";

const FORCED = 130;

const stopping = new AbortController();
const stop = (): void => {
  // The second Ctrl-C does not wait for anything.
  if (stopping.signal.aborted) process.exit(FORCED);
  stopping.abort();
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
// Whoever read our output has gone, as in `skein observe … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stopping.abort();
});

const io: CliIo = {
  stdout: (line) => void process.stdout.write(line),
  stderr: (line) => void process.stderr.write(line),
  env: process.env,
  cwd: process.cwd(),
  homeFolder: homedir(),
  interactive: isatty(0) && isatty(2),
  color: isatty(1) && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
  columns: isatty(1) ? process.stdout.columns : 0,
  now: () => Date.now(),
  newId: () => randomUUID(),
  signal: stopping.signal,
  readInput: async () => (isatty(0) ? undefined : await text(process.stdin)),
  ask: async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question, { signal: stopping.signal });
    } finally {
      lines.close();
    }
  },
};

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")));

const code = await runCli(io, process.argv.slice(2), version);
// Output to a pipe may still be under way; nothing else is waited for.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write("", () => done()))),
);
process.exit(code);
