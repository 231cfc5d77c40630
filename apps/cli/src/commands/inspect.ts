import { resolve } from "node:path";
import { Command } from "commander";
import { CliError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine, safeText } from "../output/safe-text.ts";

/** `skein sessions inspect FILE`: what is in a native session file and what would become of it. */
export function inspectCommand(io: CliIo): Command {
  return new Command("inspect")
    .description("what is in an agent's session file, and what of it a transcript would show")
    .argument("<file>", "the agent's session file (.jsonl)")
    .option("--json", "everything as JSON, every row that is not shown with its reason")
    .action(async (file: string, options: { readonly json?: boolean }, command: Command) => {
      const [{ inspectSession }, { formatCensus }] = await Promise.all([
        import("@skein/sessions/node"),
        import("@skein/sessions"),
      ]);
      const inspection = await inspectSession({ path: resolve(io.cwd, file), signal: io.signal });
      // `--json` is an option of the parent too, and the parent takes it first.
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      switch (inspection.kind) {
        case "unreadable":
          throw new CliError("not_found", inspection.message);
        case "unsupported":
          throw new CliError("unsupported", inspection.message);
        case "inspected":
          if (options.json || json) return io.stdout(jsonLine(inspection.census));
          return io.stdout(`${safeText(formatCensus(inspection.census)).trimEnd()}\n`);
      }
    });
}
