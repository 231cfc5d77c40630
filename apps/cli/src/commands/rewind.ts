import { sideOf } from "@skein/sessions";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { usageError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { parseCount } from "./parse-options.ts";
import { readTranscript } from "./read-transcript.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly turn?: number;
  readonly to?: string;
  readonly start?: boolean;
  readonly json?: boolean;
}

/** `skein rewind CODER --turn N`: the files as they were at the end of that turn. */
export function rewindCommand(io: CliIo): Command {
  return withConnection(new Command("rewind"))
    .description("take a session's files back to a turn; the conversation goes on, and it can be undone")
    .argument("<coder>", "the id of a coder")
    .option("--turn <n>", "the nth turn", parseCount)
    .option("--to <row>", "the key of a turn's prompt; of a rewind's own row with --start: undoes it")
    .option("--start", "as they were when the turn began, and not at its end")
    .option("--json", "the message as JSON")
    .action(async (target: string, options: Options) => {
      const url = parseTarget(target);
      if ((options.turn === undefined) === (options.to === undefined)) throw usageError("Give --turn or --to.");
      const client = await connect(io, options);
      const turn = options.to ?? (await turnAt(client, url, options.turn ?? 0));
      const payload = { turn, edge: options.start === true ? "start" : "end" };
      const sent = await client.send(url, { type: "rewind", payload });
      io.stdout(options.json ? jsonLine(sent) : `${sent.key}\n`);
      io.stderr(`It waits for its place behind what is queued. Follow it with: skein observe ${url}\n`);
    });
}

async function turnAt(client: Parameters<typeof readTranscript>[0], url: string, number: number): Promise<string> {
  const { turns } = sideOf((await readTranscript(client, url)).rows);
  const turn = turns[number - 1];
  if (turn !== undefined) return turn.key;
  throw usageError(`The session has ${String(turns.length)} turns, and not ${String(number)}.`);
}
