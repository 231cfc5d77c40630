import { signalName, type SignalName } from "@skein/protocol";
import { Argument, Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** `skein signal TARGET NAME`: any signal. */
export function signalCommand(io: CliIo): Command {
  return withOptions(new Command("signal"))
    .description("signal an entity")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .addArgument(new Argument("<signal>", "what to signal").choices(signalName.options))
    .action((target: string, name: SignalName, options: Options) => signalEntity(io, target, name, options));
}

/** `skein interrupt TARGET`: ends the running turn and keeps the session. */
export function interruptCommand(io: CliIo): Command {
  return withOptions(new Command("interrupt"))
    .description("end the running turn; the session goes on")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .action((target: string, options: Options) => signalEntity(io, target, "interrupt", options));
}

/** `skein kill TARGET`: ends the entity for good. Its history stays. */
export function killCommand(io: CliIo): Command {
  return withOptions(new Command("kill"))
    .description("end an entity for good; its history stays")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .action((target: string, options: Options) => signalEntity(io, target, "kill", options));
}

function withOptions(command: Command): Command {
  return withConnection(command)
    .option("--reason <text>", "why; kept in the entity's log")
    .option("--json", "the entity as JSON");
}

async function signalEntity(io: CliIo, target: string, name: SignalName, options: Options): Promise<void> {
  const url = parseTarget(target);
  const client = await connect(io, options);
  const entity = await client.signal(url, name, options.reason);
  io.stdout(options.json ? jsonLine(entity) : `${entity.url} ${entity.status}\n`);
}
