import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { renderTypes } from "../output/list-types.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";

/** `skein types`: what can be spawned. */
export function typesCommand(io: CliIo): Command {
  return withConnection(new Command("types"))
    .description("list the entity types that can be spawned")
    .option("--json", "one JSON array")
    .action(async (options: ConnectOptions & { readonly json?: boolean }) => {
      const client = await connect(io, options);
      const types = await client.listEntityTypes();
      io.stdout(
        options.json ? jsonLine(types) : `${renderTypes(types, io.columns, createStyle(io.color)).join("\n")}\n`,
      );
    });
}
