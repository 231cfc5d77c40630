import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { collectTags, parseJsonValue } from "./parse-options.ts";
import { planSpawn, type SpawnOptions } from "./spawn-request.ts";
import { parseSpawnTarget } from "./target.ts";

type Options = ConnectOptions & SpawnOptions & { readonly json?: boolean };

/** `skein spawn coder "…"`, `skein spawn TYPE/ID --args …`: makes an entity and gives it its first message. */
export function spawnCommand(io: CliIo): Command {
  return withConnection(new Command("spawn"))
    .description('start a coding session (`skein spawn coder "PROMPT"`) or any other entity')
    .argument("<type[/id]>", "the entity type, and its id (a new one if left away)")
    .argument("[prompt]", "the first message")
    .option("--cwd <folder>", "coder: where it works (default: here)")
    .option("--agent <agent>", "coder: claude, codex, or another that `skein doctor` lists (default: claude)")
    .option("--mode <mode>", "coder: ask, accept-edits, plan or bypass (default: ask)")
    .option("--model <model>", "coder: the model (default: the agent's)")
    .option("--attach <session>", "coder: continue this session of the agent's own (`skein sessions` lists them)")
    .option("--title <title>", "coder: what the session is called")
    .option("--args <json>", "the entity's arguments, as JSON", parseJsonValue)
    .option("--message <text>", "the first message")
    .option("--tag <name=value>", "a tag (repeatable)", collectTags)
    .option("--json", "the entity as JSON")
    .action(async (target: string, prompt: string | undefined, options: Options) => {
      const { type, id } = parseSpawnTarget(target, io.newId);
      const request = planSpawn(type, prompt, options, io.cwd);
      const client = await connect(io, options);
      const entity = await client.spawn(type, id, request);
      if (options.json) return io.stdout(jsonLine(entity));
      io.stdout(`${entity.url}${entity.created ? "" : " (it was there already)"}\n`);
      io.stderr(`Follow it with: skein observe ${entity.url}\n`);
    });
}
