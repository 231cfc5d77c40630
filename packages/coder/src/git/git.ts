import { spawn } from "node:child_process";
import { passVariables } from "../process/environment.ts";
import type { Environment } from "../process/environment.ts";
import { isolated } from "./isolation.ts";
import { GitRefused } from "./refusal.ts";

/**
 * Runs git, by argv. Texts are one byte per character (latin1) both ways, since paths are bytes and not always UTF-8.
 * Only plumbing is run, which neither reads nor writes the person's index unless it is told to.
 */
export interface Git {
  /** What it printed. Throws `GitFailed`. */
  run(directory: string, args: readonly string[], options?: GitOptions): Promise<string>;
  /** The same, in parts as they come. */
  stream(directory: string, args: readonly string[], options?: GitOptions): AsyncIterable<Buffer>;
}

export interface GitOptions {
  readonly input?: string | Buffer;
  /** Instead of the repository's index. */
  readonly index?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Other exit codes than 0 that are an answer. */
  readonly accept?: readonly number[];
}

export class GitFailed extends Error {
  readonly code: number | undefined;
  constructor(what: string, code: number | undefined, stderr: string) {
    super(`git ${what}: ${stderr.trim().split("\n")[0] ?? ""}`.slice(0, 500));
    this.code = code;
  }
}

/** A repository in which git finds no end is refused. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 256 * 1024 * 1024;
const MAX_STDERR = 16 * 1024;

export function createGit(deps: { readonly environment: Environment; readonly timeoutMs?: number }): Git {
  const base = passVariables(deps.environment, ["XDG_CONFIG_HOME"]);

  async function* stream(
    directory: string,
    args: readonly string[],
    options: GitOptions = {},
  ): AsyncGenerator<Buffer, void> {
    const child = spawn("git", [...args], {
      cwd: directory,
      env: {
        ...base,
        ...isolated(),
        ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
        ...options.variables,
      },
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, deps.timeoutMs ?? TIMEOUT_MS);
    const ended = new Promise<number | NodeJS.ErrnoException>((resolve) => {
      child.once("error", resolve);
      child.once("close", (code) => resolve(code ?? -1));
    });
    // One that ends early does not read its input to the end; its exit code says what was wrong.
    child.stdin.on("error", () => undefined);
    child.stderr.on("data", (part: Buffer) => {
      if (stderr.length < MAX_STDERR) stderr += part.toString("utf8");
    });
    child.stdin.end(options.input ?? "");
    let isRead = false;
    try {
      for await (const part of child.stdout) yield part as Buffer;
      isRead = true;
      const code = await ended;
      if (typeof code !== "number") throw notStarted(code);
      if (timedOut) throw new GitRefused("too_large", "git needed too long for this repository.");
      if (code !== 0 && options.accept?.includes(code) !== true) throw new GitFailed(args[0] ?? "", code, stderr);
      if (/could not open directory/.test(stderr)) {
        throw new GitRefused("unreadable", `Something in the directory cannot be read: ${stderr.trim().slice(0, 300)}`);
      }
    } finally {
      clearTimeout(timer);
      if (!isRead) child.kill("SIGKILL");
    }
  }

  return {
    stream,
    async run(directory, args, options) {
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of stream(directory, args, options)) {
        size += part.length;
        if (size > MAX_OUTPUT) throw new GitRefused("too_large", "The repository has more files than can be kept.");
        parts.push(part);
      }
      return Buffer.concat(parts).toString("latin1");
    },
  };
}

function notStarted(error: NodeJS.ErrnoException): Error {
  // A directory that is gone gives the same code; whoever calls has looked.
  return error.code === "ENOENT" ? new GitRefused("no_git", "git is not installed on this machine.") : error;
}
