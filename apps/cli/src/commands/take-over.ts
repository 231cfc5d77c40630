import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { parseTarget } from "./target.ts";

/** `skein take-over CODER`: of the coders on one session this one drives it now. */
export function takeOverCommand(io: CliIo): Command {
  return withConnection(new Command("take-over"))
    .description("let this coder drive the session that it shares with others; a turn that runs is aborted")
    .argument("<coder>", "the id of a coder")
    .option("--json", "the entity as JSON")
    .action(async (target: string, options: ConnectOptions & { readonly json?: boolean }) => {
      const url = parseTarget(target);
      const client = await connect(io, options);
      const entity = await client.takeOver(url);
      io.stdout(options.json ? jsonLine(entity) : `${entity.url} drives the session\n`);
    });
}
