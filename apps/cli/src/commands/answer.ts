import { Command } from "commander";
import { connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import { CliError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { jsonLine } from "../output/safe-text.ts";
import { choosePermission } from "./pending.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly session?: boolean;
  readonly message?: string;
  readonly json?: boolean;
}

/** `skein approve TARGET [REQUEST]`: lets a waiting tool call run. */
export function approveCommand(io: CliIo): Command {
  return withRequest(new Command("approve"))
    .description("allow what a coding session asks permission for")
    .option("--session", "and the same for the rest of the session")
    .action((target: string, request: string | undefined, options: Options) =>
      respond(io, target, request, options.session ? "allow_session" : "allow", options),
    );
}

/** `skein deny TARGET [REQUEST]`. */
export function denyCommand(io: CliIo): Command {
  return withRequest(new Command("deny"))
    .description("refuse what a coding session asks permission for")
    .option("--message <text>", "what the agent is told")
    .action((target: string, request: string | undefined, options: Options) =>
      respond(io, target, request, "deny", options),
    );
}

function withRequest(command: Command): Command {
  return withConnection(command)
    .argument("<entity>", "coder/ID, or the id alone")
    .argument("[request]", "which request (default: the only one that waits)")
    .option("--json", "the answer as JSON");
}

async function respond(
  io: CliIo,
  target: string,
  named: string | undefined,
  decision: "allow" | "allow_session" | "deny",
  options: Options,
): Promise<void> {
  const url = parseTarget(target);
  const client = await connect(io, options);
  const sessionId = sessionOf(await client.getEntity(url));
  if (sessionId === undefined) throw new CliError("not_found", `${url} drives no coding session.`);
  const session = await client.getSession(sessionId);
  const requestId = choosePermission(session, named);
  const sent = await client.send(url, {
    type: "permission_response",
    payload: { requestId, decision, ...(options.message === undefined ? {} : { message: options.message }) },
    // Twice the same answer to the same request is one answer.
    idempotencyKey: `answer:${requestId}:${decision}`,
  });
  io.stdout(options.json ? jsonLine({ ...sent, requestId, decision }) : `${requestId} ${decision}\n`);
}
