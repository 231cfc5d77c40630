import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { usageError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly into?: string;
  readonly summary?: boolean;
  readonly json?: boolean;
}

/** `skein bring-back FORK`: what the fork did to its files, merged into the origin's directory. */
export function bringBackCommand(io: CliIo): Command {
  return withConnection(new Command("bring-back"))
    .description("merge a fork's changes of files into its origin, or tell the origin what the fork did")
    .argument("<fork>", "the id of the fork's coder")
    .option("--into <coder>", "another coder than the one that was forked")
    .option("--summary", "a summary, and no files")
    .option("--json", "the message as JSON")
    .action(async (target: string, options: Options) => {
      const url = parseTarget(target);
      const client = await connect(io, options);
      const fork = await client.getEntity(url);
      const session = sessionOf(fork);
      const into = options.into === undefined ? fork.forkedFrom?.entity : parseTarget(options.into);
      if (session === undefined || into === undefined)
        throw usageError(`${url} is no fork.`, "Say --into which coder.");
      const payload = { session, what: options.summary === true ? "summary" : "files" };
      const sent = await client.send(into, { type: "bring_back", payload });
      io.stdout(options.json ? jsonLine(sent) : `${sent.key}\n`);
      io.stderr(`Conflicts refuse it before anything changes. Follow it with: skein observe ${into}\n`);
    });
}
