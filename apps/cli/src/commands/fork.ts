import { resolve } from "node:path";
import type { ForkRequest } from "@skein/protocol";
import { formatOffset } from "@skein/protocol";
import { isChangeEvent, positionOf } from "@skein/runtime/client";
import type { Client } from "@skein/runtime/client";
import { sessionStreams } from "@skein/sessions";
import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { usageError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { parseCount, parseJsonValue } from "./parse-options.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly id?: string;
  readonly at?: string;
  readonly turn?: number;
  readonly agent?: string;
  readonly cwd?: string;
  readonly model?: string;
  readonly mode?: string;
  readonly title?: string;
  readonly files?: string;
  readonly args?: unknown;
  readonly json?: boolean;
}

/** `skein fork ENTITY [PROMPT]`: a session of its own that begins with this one's history. */
export function forkCommand(io: CliIo): Command {
  return withConnection(new Command("fork"))
    .description("make a session (or any entity) that begins with this one's history and goes its own way")
    .argument("<entity>", "TYPE/ID, or the id of a coder")
    .argument("[prompt]", "the fork's first message")
    .option("--turn <n>", "keep everything up to the end of the nth turn", parseCount)
    .option("--at <row>", "keep everything up to this row (its key), or in front of this offset")
    .option("--id <id>", "the fork's id; the same again is the same fork")
    .option("--agent <agent>", "coder: who goes on (default: the same agent)")
    .option("--cwd <folder>", "coder: where it works (default: where the session is)")
    .option("--model <model>", "coder: the model")
    .option("--mode <mode>", "coder: ask, accept-edits or bypass")
    .option("--title <title>", "coder: what the fork is called")
    .option("--files <how>", "coder: worktree, share or none: the files that the fork works on")
    .option("--args <json>", "arguments to change, as JSON", parseJsonValue)
    .option("--json", "the entity as JSON")
    .action(async (target: string, prompt: string | undefined, options: Options) => {
      const url = parseTarget(target);
      if (options.turn !== undefined && options.at !== undefined) throw usageError("Give --turn or --at, not both.");
      const client = await connect(io, options);
      const at = options.turn === undefined ? options.at : await endOfTurn(client, url, options.turn);
      const fork = await client.fork(url, requestOf({ ...options, prompt, at, from: io.cwd, type: typeOf(url) }));
      if (options.json) return io.stdout(jsonLine(fork));
      io.stdout(`${fork.url}${fork.created ? "" : " (it was there already)"}\n`);
      io.stderr(`Follow it with: skein observe ${fork.url}\n`);
    });
}

function requestOf(
  options: Pick<Options, "id" | "agent" | "cwd" | "model" | "mode" | "title" | "files" | "args"> & {
    readonly prompt: string | undefined;
    readonly at: string | undefined;
    readonly from: string;
    readonly type: string;
  },
): ForkRequest {
  const { id, at, agent, model, mode: permissionMode, title, files, args, prompt } = options;
  if (args !== undefined && !isObject(args)) throw usageError("--args is a JSON object.");
  const cwd = options.cwd === undefined ? undefined : resolve(options.from, options.cwd);
  const given = Object.entries({ id, at, agent, cwd, model, permissionMode, title, files });
  const first =
    options.type === "coder" ? { type: "prompt", payload: { text: prompt } } : { payload: { text: prompt } };
  return {
    ...args,
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    ...(prompt === undefined ? {} : { initialMessage: first }),
  };
}

/** The offset behind the row that ends the nth turn. */
async function endOfTurn(client: Client, url: string, turn: number): Promise<string> {
  const session = sessionOf(await client.getEntity(url));
  if (session === undefined) throw usageError(`${url} has no turns.`, "--turn is for coders.");
  let ended = 0;
  for (let from = "-1", done = false; !done;) {
    const batch = await client.readStream(sessionStreams(session).main, { from });
    for (const [index, event] of batch.events.entries()) {
      if (!isChangeEvent(event) || !endsTurn(event.value)) continue;
      ended += 1;
      if (ended === turn) return formatOffset(positionOf(batch.start) + index + 1);
    }
    [from, done] = [batch.offset, batch.upToDate];
  }
  throw usageError(`The session has ${ended} ended turns, and not ${turn}.`);
}

function endsTurn(value: unknown): boolean {
  return isObject(value) && (value["type"] === "turn_complete" || value["type"] === "turn_aborted");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(url: string): string {
  return url.split("/")[1] ?? "";
}
