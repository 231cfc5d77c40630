import { Command } from "commander";
import { CliError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { formatBytes } from "../output/bytes.ts";
import { jsonLine, safeText } from "../output/safe-text.ts";
import { dataFolder } from "./backup.ts";

interface Options {
  readonly to?: string;
  readonly home?: string;
  readonly json?: boolean;
}

/** `skein move --to postgres://…`: from the home's store to an empty PostgreSQL. */
export function moveCommand(io: CliIo): Command {
  return new Command("move")
    .description("move the data from the home to an empty PostgreSQL, and prove that both have the same")
    .option("--to <url>", "postgres://… (default: SKEIN_DATABASE, which other users of this machine cannot see)")
    .option("--home <folder>", "whose data (default: SKEIN_HOME, else ~/.skein)")
    .option("--json", "print one line {to, content}")
    .action(async (options: Options) => {
      const url = options.to ?? io.env["SKEIN_DATABASE"];
      if (!url)
        throw new CliError("usage", "Where to? Name the database with --to or SKEIN_DATABASE.", { exitCode: 2 });
      const { moveToPostgres } = await import("@skein/store/operations");
      let told = "";
      const moved = await moveToPostgres({
        folder: dataFolder(io, options.home),
        url,
        onProgress: ({ doing }) => {
          if (doing !== told && !options.json) io.stderr(`${doing[0]?.toUpperCase()}${doing.slice(1)} …\n`);
          told = doing;
        },
      });
      if (options.json) return io.stdout(jsonLine(moved));
      const { streams, messages, records, bytes, digest } = moved.content;
      io.stdout(
        safeText(
          `Moved ${streams} streams with ${messages} messages (${formatBytes(bytes)}) and ${records} records to ` +
            `${moved.to}.\nBoth sides have the same content (SHA-256 ${digest}).\n` +
            "From now on start with the database: SKEIN_DATABASE=postgres://… skein start. The old data is left where " +
            "it was; remove it when you no longer want it.\n",
        ),
      );
    });
}
