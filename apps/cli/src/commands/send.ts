import type { Message } from "@skein/protocol";
import type { Client } from "@skein/runtime/client";
import type { PromptAttachment } from "@skein/sessions";
import { Command } from "commander";
import { addressOf, connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { usageError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { attachFiles } from "./attach-files.ts";
import { parseJsonValue } from "./parse-options.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly payload?: unknown;
  readonly type?: string;
  readonly key?: string;
  readonly attach?: readonly string[];
  readonly json?: boolean;
}

/** `skein send TARGET "TEXT"`: a prompt for a coder, `{text}` for any other entity, or any payload. */
export function sendCommand(io: CliIo): Command {
  return withConnection(new Command("send"))
    .description("send a prompt to a coding session, or a message to any entity")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .argument("[text]", "the text; `-` or nothing reads standard input")
    .option("--payload <json>", "the whole payload, as JSON, instead of a text", parseJsonValue)
    .option("--type <type>", "the message's type (default: `prompt` for a coder; `steer` goes into the turn that runs)")
    .option("--key <key>", "idempotency key: the same key again is not queued again")
    .option("--attach <file>", "send a file along with the prompt (repeatable)", collectFiles)
    .option("--json", "the answer as JSON: {key, offset, duplicate}")
    .action(async (target: string, text: string | undefined, options: Options) => {
      const url = parseTarget(target);
      const input = options.payload === undefined && (text === undefined || text === "-") ? await io.readInput() : text;
      const message = planMessage(url, input, options);
      const client = await connect(io, options);
      const attachments = await attachmentsFor(url, { io, options, client });
      const sent = await client.send(url, withAttachments(message, attachments));
      if (options.json) return io.stdout(jsonLine(sent));
      io.stdout(sent.duplicate ? `Sent before as ${sent.key}.\n` : `Sent as ${sent.key}.\n`);
    });
}

function collectFiles(file: string, before: readonly string[] = []): string[] {
  return [...before, file];
}

async function attachmentsFor(
  url: string,
  { io, options, client }: { readonly io: CliIo; readonly options: Options; readonly client: Client },
): Promise<PromptAttachment[]> {
  const { attach = [] } = options;
  if (attach.length === 0) return [];
  if (options.payload !== undefined) throw usageError("--attach goes with a text, not with --payload.");
  const session = sessionOf(await client.getEntity(url));
  if (session === undefined) throw usageError("--attach is for coders.");
  return attachFiles(attach, { session, address: await addressOf(io, options), cwd: io.cwd });
}

function withAttachments(message: Message, attachments: readonly PromptAttachment[]): Message {
  const { payload } = message;
  if (attachments.length === 0 || typeof payload !== "object" || payload === null) return message;
  return { ...message, payload: { ...payload, attachments } };
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
