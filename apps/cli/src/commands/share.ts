import { sharePath } from "@skein/protocol";
import { Command, InvalidArgumentError } from "commander";
import { addressOf, connect, withConnection, type ConnectOptions } from "../connect/connect.ts";
import type { CliIo } from "../io.ts";
import { jsonLine, safeText } from "../output/safe-text.ts";
import { CliError } from "../failure.ts";
import { sessionOf } from "./session-of.ts";
import { parseTarget } from "./target.ts";

interface Options extends ConnectOptions {
  readonly label?: string;
  /** Milliseconds, or without end. */
  readonly for?: number | null;
  readonly list?: boolean;
  readonly takeBack?: string;
  readonly json?: boolean;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `12h`, `7d`, or `ever`. */
export function parseTerm(text: string): number | null {
  if (text === "ever") return null;
  const [, amount, unit = ""] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (ms <= 366 * 86_400_000) return ms;
  throw new InvalidArgumentError("It is written 30m, 12h or 7d (366d at most), or ever.");
}

/** `skein share ENTITY`: a link by which somebody without the token may read a session. */
export function shareCommand(io: CliIo): Command {
  return withConnection(new Command("share"))
    .description("make a link by which somebody may read a session, and nothing else")
    .argument("<entity>", "the coder: TYPE/ID, or its id")
    .option("--label <text>", "whom it is for; only shown to you")
    .option("--for <time>", "how long it lasts: 30m, 12h, 7d, or ever (default: 7d)", parseTerm)
    .option("--list", "show the session's links instead")
    .option("--take-back <link>", "end one of them, by its id, instead")
    .option("--json", "as JSON")
    .action(async (target: string, options: Options) => {
      const client = await connect(io, options);
      const url = parseTarget(target);
      const session = sessionOf(await client.getEntity(url));
      if (session === undefined) throw new CliError("invalid_request", `${url} has no session that could be shared.`);
      if (options.takeBack !== undefined) {
        await client.deleteShare(options.takeBack);
        return io.stdout(options.json ? jsonLine({ id: options.takeBack }) : `${options.takeBack} taken back\n`);
      }
      if (options.list) {
        const shares = await client.listShares(session);
        if (options.json) return io.stdout(jsonLine(shares));
        const lines = shares.map(
          ({ id, label, expiresAt }) =>
            `${id}  ${expiresAt === undefined ? "ever" : new Date(expiresAt).toISOString()}  ${safeText(label ?? "")}\n`,
        );
        return io.stdout(lines.join(""));
      }
      const { label } = options;
      const term = options.for === undefined ? {} : { expiresInMs: options.for };
      const made = await client.createShare({ session, ...term, ...(label !== undefined && { label }) });
      const { url: origin } = await addressOf(io, options);
      const link = origin + sharePath(made.token);
      io.stdout(options.json ? jsonLine({ ...made, link }) : `${link}\n`);
    });
}
