import { compareSessions } from "@skein/sessions";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { renderComparison } from "../output/render-comparison.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { readTranscript } from "./read-transcript.ts";
import { parseTarget } from "./target.ts";

/** `skein compare A B`: what two sessions have in common, and what each did since. */
export function compareCommand(io: CliIo): Command {
  return withConnection(new Command("compare"))
    .description("show what two forks have in common and what each did since")
    .argument("<a>", "a coder")
    .argument("<b>", "another coder")
    .option("--json", "the comparison as JSON")
    .action(async (a: string, b: string, options: ConnectOptions & { readonly json?: boolean }) => {
      const [urlA, urlB] = [parseTarget(a), parseTarget(b)];
      const client = await connect(io, options);
      const [left, right] = [await readTranscript(client, urlA), await readTranscript(client, urlB)];
      const roots = {
        ...(left.info !== undefined && { a: left.info.cwd }),
        ...(right.info !== undefined && { b: right.info.cwd }),
      };
      const compared = compareSessions(left.rows, right.rows, { roots });
      if (options.json) return io.stdout(jsonLine(compared));
      const lines = renderComparison(
        compared,
        { a: urlA, b: urlB },
        { width: io.columns, style: createStyle(io.color) },
      );
      io.stdout(`${lines.join("\n")}\n`);
    });
}
