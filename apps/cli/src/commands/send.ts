import type { Message } from "@skein/protocol";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { usageError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { parseJsonValue } from "./parse-options.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly payload?: unknown;
  readonly type?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** `skein send TARGET "TEXT"`: a prompt for a coder, `{text}` for any other entity, or any payload. */
export function sendCommand(io: CliIo): Command {
  return withConnection(new Command("send"))
    .description("send a prompt to a coding session, or a message to any entity")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .argument("[text]", "the text; `-` or nothing reads standard input")
    .option("--payload <json>", "the whole payload, as JSON, instead of a text", parseJsonValue)
    .option("--type <type>", "the message's type (default: `prompt` for a coder)")
    .option("--key <key>", "idempotency key: the same key again is not queued again")
    .option("--json", "the answer as JSON: {key, offset, duplicate}")
    .action(async (target: string, text: string | undefined, options: Options) => {
      const url = parseTarget(target);
      const input = options.payload === undefined && (text === undefined || text === "-") ? await io.readInput() : text;
      const message = planMessage(url, input, options);
      const client = await connect(io, options);
      const sent = await client.send(url, message);
      if (options.json) return io.stdout(jsonLine(sent));
      io.stdout(sent.duplicate ? `Sent before as ${sent.key}.\n` : `Sent as ${sent.key}.\n`);
    });
}

export function planMessage(url: string, text: string | undefined, options: Options): Message {
  if (options.payload !== undefined && text !== undefined) throw usageError("Give a text or --payload, not both.");
  if (options.payload === undefined && (text === undefined || text.trim() === "")) {
    throw usageError("There is nothing to send.", "Give a text, --payload JSON, or text on standard input.");
  }
  const type = options.type ?? (options.payload === undefined && url.startsWith("/coder/") ? "prompt" : undefined);
  return {
    payload: options.payload ?? { text },
    ...(type === undefined ? {} : { type }),
    ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
  };
}
