import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { CliError } from "../failure.ts";
import { resolveHome } from "../home/home.ts";
import type { CliIo } from "../io.ts";
import { formatBytes } from "../output/bytes.ts";
import { jsonLine, safeText } from "../output/safe-text.ts";

interface Options {
  readonly home?: string;
  readonly json?: boolean;
}

/** `skein backup FILE|DIR`: a copy of the store, also while Skein runs. */
export function backupCommand(io: CliIo): Command {
  return new Command("backup")
    .description("copy the data into one file, also while Skein runs; the copy is checked before it has its name")
    .argument("<file>", "the file to make, or a folder to make one in; nothing is overwritten")
    .option("--home <folder>", "whose data (default: SKEIN_HOME, else ~/.skein)")
    .option("--json", "print one line {file, size, content}")
    .action(async (target: string, options: Options) => {
      const { backupStore } = await import("@skein/store/operations");
      refuseDatabase(io, "Back it up with PostgreSQL's own tools (pg_dump), which do so while it is used.");
      const file = await fileFor(resolve(io.cwd, target), io.now());
      const backup = await backupStore({ folder: dataFolder(io, options.home), file });
      if (options.json) return io.stdout(jsonLine(backup));
      const { streams, messages, records } = backup.content;
      io.stdout(
        safeText(
          `Backed up ${streams} streams with ${messages} messages and ${records} records to ${backup.file} ` +
            `(${formatBytes(backup.size)}), and checked it.\n`,
        ),
      );
    });
}

/** `skein restore FILE`: puts a backup where there is no store. */
export function restoreCommand(io: CliIo): Command {
  return new Command("restore")
    .description("put a backup in place of a store that is not there; it is checked first, nothing is overwritten")
    .argument("<file>", "what `skein backup` made")
    .option("--home <folder>", "where to (default: SKEIN_HOME, else ~/.skein)")
    .option("--json", "print one line {file, size, content}")
    .action(async (file: string, options: Options) => {
      const { restoreStore } = await import("@skein/store/operations");
      const restored = await restoreStore({ folder: dataFolder(io, options.home), file: resolve(io.cwd, file) });
      if (options.json) return io.stdout(jsonLine(restored));
      const { streams, messages, records } = restored.content;
      io.stdout(
        safeText(
          `Restored ${streams} streams with ${messages} messages and ${records} records to ${restored.file}.\n` +
            "A home's token is not in a backup: one that has none makes its own at the next start.\n",
        ),
      );
    });
}

/** Where a home keeps its store. */
export function dataFolder(io: CliIo, flag: string | undefined): string {
  return join(resolveHome({ flag, env: io.env, cwd: io.cwd, homeFolder: io.homeFolder }).folder, "data");
}

/** With the data elsewhere, a copy of what is in the home would be one of the wrong thing. */
export function refuseDatabase(io: CliIo, hint: string): void {
  if (io.env["SKEIN_DATABASE"])
    throw new CliError("unsupported", "The data is in a PostgreSQL (SKEIN_DATABASE is set), not in the home.", {
      hint,
    });
}

async function fileFor(target: string, now: number): Promise<string> {
  const isFolder = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return target;
  return join(target, `skein-${new Date(now).toISOString().replace(/[:.]/g, "-")}.backup`);
}
