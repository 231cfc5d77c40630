import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A repository as a person has it, on disk, and everything about it that must not change. */
export interface GitLab {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs git as the person. */
  git(directory: string, ...args: string[]): string;
  /** A repository of this name with a first commit of these files; none: no commit. */
  repository(name: string, files?: Readonly<Record<string, string | Buffer>>): string;
  close(): Promise<void>;
}

export async function createGitLab(): Promise<GitLab> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "skein-git-")));
  const environment = { PATH: process.env["PATH"] ?? "", HOME: join(folder, "home") };
  mkdirSync(environment.HOME);
  const identity = {
    GIT_AUTHOR_NAME: "P",
    GIT_AUTHOR_EMAIL: "p@x",
    GIT_COMMITTER_NAME: "P",
    GIT_COMMITTER_EMAIL: "p@x",
  };
  const env = { ...environment, ...identity, GIT_CONFIG_NOSYSTEM: "1" };
  const git: GitLab["git"] = (directory, ...args) =>
    execFileSync("git", ["-c", "protocol.file.allow=always", ...args], {
      cwd: directory,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    folder,
    environment,
    git,
    repository(name, files) {
      const top = join(folder, name);
      mkdirSync(top, { recursive: true });
      git(top, "init", "-q", "-b", "main");
      if (files === undefined) return top;
      writeAll(top, files);
      git(top, "add", "-A");
      git(top, "commit", "-q", "-m", "first");
      return top;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export function writeAll(top: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
  }
}

/** Every file below a directory, git's own left out: what it is, whether it can be executed, its bytes. */
export function contentOf(top: string, ignored: readonly string[] = []): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(top, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (name === ".git" || ignored.includes(path)) continue;
      const stat = lstatSync(join(top, path));
      if (stat.isDirectory()) walk(path);
      else if (stat.isSymbolicLink()) found.set(path, `link ${readlinkSync(join(top, path))}`);
      else {
        const mode = (stat.mode & 0o100) === 0 ? "file" : "executable";
        found.set(path, `${mode} ${readFileSync(join(top, path)).toString("base64")}`);
      }
    }
  };
  walk("");
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a checkpoint must leave alone: index, refs, HEAD, stash, configuration, logs, and what git says of the files. */
export function stateOf(lab: GitLab, top: string): Record<string, string> {
  const gitDir = lab.git(top, "rev-parse", "--absolute-git-dir").trim();
  const read = (name: string): string => {
    try {
      return readFileSync(join(gitDir, name)).toString("base64");
    } catch {
      return "absent";
    }
  };
  // Before git is asked for its status, which may write to the index.
  const files = Object.fromEntries(
    ["index", "HEAD", "config", "ORIG_HEAD", "packed-refs", "logs/HEAD", "info/exclude"].map((name) => [
      name,
      read(name),
    ]),
  );
  const refs = lab
    .git(top, "for-each-ref", "--format=%(refname) %(objectname)")
    .split("\n")
    .filter((line) => !line.startsWith("refs/skein/"))
    .join("\n");
  return {
    ...files,
    refs,
    status: lab.git(top, "--no-optional-locks", "status", "--porcelain=v2", "--untracked-files=all", "--ignored"),
    stash: lab.git(top, "stash", "list"),
    logs: readdirSync(join(gitDir, "logs", "refs"))
      .sort()
      .join("\n"),
  };
}

export function removeAll(top: string, paths: readonly string[]): void {
  for (const path of paths) rmSync(join(top, path), { recursive: true, force: true });
}
