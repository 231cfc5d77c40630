import type { Session } from "@skein/protocol";
import type { Client, EntityListOptions } from "@skein/runtime/client";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { joinSessions, renderEntities } from "../output/list-entities.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { collectTags, parseCount } from "./parse-options.ts";

const PAGE = 200;

interface LsOptions extends ConnectOptions {
  readonly type?: string;
  readonly status?: string;
  readonly tag?: Record<string, string>;
  readonly limit: number;
  readonly json?: boolean;
}

/** `skein ls`: the entities of the directory; coders with the session that they drive. */
export function lsCommand(io: CliIo): Command {
  return withConnection(new Command("ls"))
    .description("list entities: coding sessions and everything else that was spawned")
    .option("--type <type>", "only of this type")
    .option("--status <status>", "only with this status: idle, running, paused, stopped, killed")
    .option("--tag <name=value>", "only with this tag (repeatable)", collectTags)
    .option("--limit <n>", "at most so many", parseCount, 100)
    .option("--json", "one JSON array of entities, each coder's with its `session`")
    .action(async (options: LsOptions) => {
      const client = await connect(io, options);
      const listed = joinSessions(await listEntities(client, options), await listSessions(client, options));
      if (options.json) return io.stdout(jsonLine(listed));
      const look = { width: io.columns, now: io.now(), style: createStyle(io.color) };
      io.stdout(`${renderEntities(listed, look).join("\n")}\n`);
    });
}

async function listEntities(client: Client, { type, status, tag, limit }: LsOptions) {
  const filter: EntityListOptions = {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(tag === undefined ? {} : { tags: tag }),
  };
  const found = [];
  let after: string | undefined;
  do {
    const page = await client.listEntities({ ...filter, after, limit: Math.min(PAGE, limit - found.length) });
    found.push(...page.entities);
    after = page.next;
  } while (after !== undefined && found.length < limit);
  return found;
}

async function listSessions(client: Client, { type, limit }: LsOptions): Promise<Session[]> {
  if (type !== undefined && type !== "coder") return [];
  const found: Session[] = [];
  let after: string | undefined;
  do {
    const page = await client.listSessions({ after, limit: Math.min(PAGE, limit) });
    found.push(...page.sessions);
    after = page.next;
  } while (after !== undefined && found.length < limit);
  return found;
}
