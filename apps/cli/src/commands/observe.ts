import { mainStream } from "@skein/protocol";
import type { Client, ConnectionState } from "@skein/runtime/client";
import { sessionStreams } from "@skein/sessions";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { followTranscript } from "../observe/follow-transcript.ts";
import { jsonLine } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { createTranscriptPrinter } from "../output/transcript-printer.ts";
import { parseCount } from "./parse-options.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly json?: boolean;
  readonly main?: boolean;
  readonly last?: number;
  readonly all?: boolean;
}

/** Rows of history that a person is shown first. */
const RECENT = 50;

/** `skein observe TARGET`: what happens, as it happens, until Ctrl-C. */
export function observeCommand(io: CliIo): Command {
  return withConnection(new Command("observe"))
    .description("follow a session's transcript, or any entity's events, until interrupted")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .option("--json", "raw events, one JSON per line (a coder's: of its session's history)")
    .option("--main", "a coder: the events of the entity itself, not of its session")
    .option("--last <n>", `begin with the newest so many (a transcript: ${RECENT})`, parseCount)
    .option("--all", "begin with the first")
    .action(async (target: string, options: Options) => {
      const url = parseTarget(target);
      const client = await connect(io, options);
      const entity = await client.getEntity(url, { signal: io.signal });
      const sessionId = options.main ? undefined : sessionOf(entity);
      if (sessionId === undefined) return observeEvents(io, client, mainStream(url), options);
      if (options.json) return observeEvents(io, client, sessionStreams(sessionId).main, options);
      return observeTranscript(io, client, sessionId, options);
    });
}

async function observeEvents(io: CliIo, client: Client, path: string, options: Options): Promise<void> {
  const last = options.all ? undefined : options.last;
  const batches = client.followStream({
    path,
    signal: io.signal,
    missingMs: 15_000,
    onState: connectionNotes(io),
    ...(last === undefined ? {} : { last }),
  });
  for await (const { events } of batches) {
    for (const event of events) io.stdout(jsonLine(event));
  }
}

async function observeTranscript(io: CliIo, client: Client, sessionId: string, options: Options): Promise<void> {
  const printer = createTranscriptPrinter(createStyle(io.color));
  const last = options.all ? undefined : (options.last ?? RECENT);
  try {
    await followTranscript(
      client,
      { sessionId, signal: io.signal, onState: connectionNotes(io), ...(last === undefined ? {} : { last }) },
      {
        row: (row) => io.stdout(printer.row(row)),
        delta: (delta) => io.stdout(printer.delta(delta)),
        caughtUp: () => io.stderr("Following; Ctrl-C ends.\n"),
      },
    );
  } finally {
    io.stdout(printer.end());
  }
}

/** Tells a person when what they see is not live any more, and when it is again. */
function connectionNotes(io: CliIo): (state: ConnectionState) => void {
  let offline = false;
  return ({ kind }) => {
    if (kind === "offline" && !offline) io.stderr("The server cannot be reached; trying again …\n");
    if (kind === "live" && offline) io.stderr("Connected again.\n");
    if (kind === "offline" || kind === "live") offline = kind === "offline";
  };
}
