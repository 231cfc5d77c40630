import { Command } from "commander";
import { approveCommand, denyCommand } from "./commands/answer.ts";
import { backupCommand, restoreCommand } from "./commands/backup.ts";
import { bringBackCommand } from "./commands/bring-back.ts";
import { compareCommand } from "./commands/compare.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { forkCommand } from "./commands/fork.ts";
import { lsCommand } from "./commands/ls.ts";
import { moveCommand } from "./commands/move.ts";
import { observeCommand } from "./commands/observe.ts";
import { rewindCommand } from "./commands/rewind.ts";
import { sendCommand } from "./commands/send.ts";
import { sessionsCommand } from "./commands/sessions.ts";
import { shareCommand } from "./commands/share.ts";
import { interruptCommand, killCommand, signalCommand } from "./commands/signal.ts";
import { spawnCommand } from "./commands/spawn.ts";
import { startCommand } from "./commands/start.ts";
import { takeOverCommand } from "./commands/take-over.ts";
import { typesCommand } from "./commands/types.ts";
import { describeFailure } from "./failure.ts";
import type { CliIo } from "./io.ts";

const EXAMPLES = `
Examples:
  skein start                                  run Skein here and print the link to it
  skein spawn coder "Explain this repository"  a new session in this directory
  skein sessions                               the agents' own sessions on this machine
  skein observe coder/ID                       watch a session live
`;

/** Runs one command line (without node and script) and answers the exit code: 0, 1 for a failure, 2 for misuse. */
export async function runCli(io: CliIo, argv: readonly string[], version: string): Promise<number> {
  try {
    await createProgram(io, version).parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    const { lines, exitCode } = describeFailure(error, Boolean(io.env["SKEIN_DEBUG"]));
    for (const line of lines) io.stderr(`${line}\n`);
    return exitCode;
  }
}

function createProgram(io: CliIo, version: string): Command {
  const program = new Command("skein")
    .description("Durable coding sessions: start them, watch them, steer them.")
    .version(version)
    .addHelpText("after", EXAMPLES);
  const commands = [
    startCommand,
    spawnCommand,
    forkCommand,
    compareCommand,
    bringBackCommand,
    rewindCommand,
    takeOverCommand,
    sendCommand,
    observeCommand,
    lsCommand,
    sessionsCommand,
    shareCommand,
    approveCommand,
    denyCommand,
    interruptCommand,
    killCommand,
    signalCommand,
    typesCommand,
    doctorCommand,
    backupCommand,
    restoreCommand,
    moveCommand,
  ];
  for (const create of commands) program.addCommand(create(io, version));
  for (const command of [program, ...descendants(program)]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: io.stdout,
        writeErr: io.stderr,
        outputError: (text, write) => write(withCode(text)),
      });
  }
  return program;
}

/** Commander's own message in the form of all our errors: the code at the end of the first line. */
function withCode(text: string): string {
  const [first = "", ...rest] = text.trimEnd().split("\n");
  return `${[`${first} (usage)`, ...rest].join("\n")}\n`;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}
