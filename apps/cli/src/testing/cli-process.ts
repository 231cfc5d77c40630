import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { z } from "zod";

/** The CLI as a process of its own, from its sources, with homes of its own: nothing of the person's is touched. */
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const SOURCE = ["--import", import.meta.resolve("tsx"), "--conditions=@skein/source"];

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as standard output so far satisfies it; rejects when the process ends without. */
  output(satisfied: (text: string) => boolean): Promise<string>;
}

const ready = z.strictObject({
  url: z.string(),
  token: z.string(),
  link: z.string(),
  home: z.string(),
  pid: z.number(),
});
export type Ready = z.infer<typeof ready>;

/** A folder that is removed after the test. */
export async function tempFolder(name = "home"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `skein-cli-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  const child = spawn(process.execPath, [...SOURCE, MAIN, ...args], {
    env: { PATH: process.env["PATH"], HOME: tmpdir(), LANG: "C.UTF-8", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close").then((): Ended => ({
    code: child.exitCode,
    signal: child.signalCode,
    stdout,
    stderr,
  }));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });
  return {
    child,
    ended,
    output: (satisfied) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!satisfied(stdout)) return;
          listeners.delete(look);
          resolve(stdout);
        };
        listeners.add(look);
        void ended.then(({ code }) => reject(new Error(`skein ${args.join(" ")} ended (${code}): ${stdout}${stderr}`)));
        look();
      }),
  };
}

/** Runs a command to its end. */
export async function runCliProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { child, ended } = startCli(args, env);
  child.stdin?.end();
  return ended;
}

/** `skein start --json` on a home, at any free port; resolves when it is ready. */
export async function startSkein(
  home: string,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Promise<CliProcess & { readonly ready: Ready }> {
  const started = startCli(["start", "--json", "--port", "0", "--home", home, ...options], env);
  const text = await started.output((stdout) => stdout.includes("\n"));
  return { ...started, ready: ready.parse(JSON.parse(text)) };
}
