import { join } from "node:path";
import { Command } from "commander";
import type { CliIo } from "../io.ts";
import { renderDiscovery } from "../output/list-sessions.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { inspectCommand } from "./inspect.ts";
import { parseCount } from "./parse-options.ts";

interface Options {
  readonly search?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `skein sessions`: the agents' own sessions on this machine, read from their files: no server is needed. */
export function sessionsCommand(io: CliIo): Command {
  return new Command("sessions")
    .description("list the agents' own sessions on this machine (no server needed)")
    .option("--search <text>", "only those with this in title, prompt, directory, branch or id")
    .option("--limit <n>", "at most so many, the newest", parseCount, 30)
    .option("--json", "JSON: {sessions, skipped, more}")
    .addCommand(inspectCommand(io))
    .action(async ({ search, limit, json }: Options) => {
      // Loaded only here: reading the agents' files is no other command's business.
      const { discoverClaudeSessions } = await import("@skein/sessions/node");
      const found = await discoverClaudeSessions({
        configDir: claudeFolder(io),
        limit,
        signal: io.signal,
        ...(search === undefined ? {} : { search }),
      });
      if (json) return io.stdout(jsonLine(found));
      const look = { width: io.columns, now: io.now(), style: createStyle(io.color) };
      io.stdout(`${renderDiscovery(found, look).join("\n")}\n`);
    });
}

function claudeFolder(io: CliIo): string {
  return io.env["CLAUDE_CONFIG_DIR"] || join(io.homeFolder, ".claude");
}
