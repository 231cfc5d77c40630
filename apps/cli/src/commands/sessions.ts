import { Command, Option } from "commander";
import type { CliIo } from "../io.ts";
import { renderDiscovery } from "../output/list-sessions.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { AGENTS, discoverSessions, type Agent } from "./discover.ts";
import { inspectCommand } from "./inspect.ts";
import { parseCount } from "./parse-options.ts";

interface Options {
  readonly agent?: Agent;
  readonly search?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `skein sessions`: the agents' own sessions on this machine, read from their files: no server is needed. */
export function sessionsCommand(io: CliIo): Command {
  return new Command("sessions")
    .description("list the agents' own sessions on this machine (no server needed)")
    .addOption(new Option("--agent <agent>", "only this agent's").choices(AGENTS))
    .option("--search <text>", "only those with this in title, prompt, directory, branch or id")
    .option("--limit <n>", "at most so many, the newest", parseCount, 30)
    .option("--json", "JSON: {sessions, skipped, more}")
    .addCommand(inspectCommand(io))
    .action(async ({ agent, search, limit, json }: Options) => {
      const found = await discoverSessions(io, {
        agents: agent === undefined ? AGENTS : [agent],
        limit,
        ...(search === undefined ? {} : { search }),
      });
      if (json) return io.stdout(jsonLine(found));
      const look = { width: io.columns, now: io.now(), style: createStyle(io.color) };
      io.stdout(`${renderDiscovery(found, look).join("\n")}\n`);
    });
}
