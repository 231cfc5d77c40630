import { createClient, type Client } from "@skein/runtime/client";
import type { Command } from "commander";
import { resolveHome } from "../home/home.ts";
import { isAlive, readServerFile } from "../home/server-file.ts";
import type { CliIo } from "../io.ts";
import { findServer, type Address } from "./find-server.ts";

export interface ConnectOptions {
  readonly url?: string;
  readonly token?: string;
  readonly home?: string;
}

/** The options of every command that talks to a server. */
export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "the server's address (default: SKEIN_URL, else the one that runs on the home)")
    .option("--token <token>", "its token (default: SKEIN_TOKEN, else the running server's)")
    .option("--home <folder>", "the home of the running server (default: SKEIN_HOME, else ~/.skein)");
}

/** Which server a command talks to. */
export async function addressOf(io: CliIo, options: ConnectOptions): Promise<Address> {
  const home = resolveHome({ flag: options.home, env: io.env, cwd: io.cwd, homeFolder: io.homeFolder });
  const wanted = {
    url: options.url ?? (io.env["SKEIN_URL"] || undefined),
    token: options.token ?? (io.env["SKEIN_TOKEN"] || undefined),
  };
  return findServer(wanted, await readServerFile(home.serverFile, isAlive), home.folder);
}

export async function connect(io: CliIo, options: ConnectOptions): Promise<Client> {
  const { url, token } = await addressOf(io, options);
  return createClient({ baseUrl: url, token });
}
