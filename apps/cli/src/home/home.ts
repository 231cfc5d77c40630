import { join, resolve } from "node:path";

/** Where one Skein keeps everything. */
export interface Home {
  readonly folder: string;
  /** How clients find the running server: see `server-file.ts`. */
  readonly serverFile: string;
  /** Where forks of sessions have files of their own. */
  readonly worktrees: string;
}

/** `--home`, else `SKEIN_HOME`, else `~/.skein`. */
export function resolveHome(options: {
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeFolder: string;
}): Home {
  const named = options.flag ?? (options.env["SKEIN_HOME"] || undefined);
  return homeAt(named === undefined ? join(options.homeFolder, ".skein") : resolve(options.cwd, named));
}

export function homeAt(folder: string): Home {
  return {
    folder,
    serverFile: join(folder, "server.json"),
    worktrees: join(folder, "worktrees"),
  };
}
