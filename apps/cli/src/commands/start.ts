import { resolve } from "node:path";
import { Command, Option } from "commander";
import { resolveHome } from "../home/home.ts";
import type { CliIo } from "../io.ts";
import { DEFAULT_PORT } from "../start/port.ts";
import { readTelemetrySettings } from "../telemetry/settings.ts";
import { collectPairs, parsePort, parsePublicUrl, type DirectoryPair } from "./parse-options.ts";

interface Options {
  readonly port: number;
  readonly host: string;
  readonly publicUrl?: string;
  readonly home?: string;
  readonly database?: string;
  readonly json?: boolean;
  readonly open?: boolean;
  readonly credentials: "login" | "env";
  readonly allow?: readonly string[];
  readonly map?: readonly DirectoryPair[];
}

/** `skein start`: store, server, runner and web app in this process, until Ctrl-C. */
export function startCommand(io: CliIo, version: string): Command {
  return new Command("start")
    .description("run Skein on this machine: store, server, runner and web app in one process")
    .option("--port <n>", "where to listen (0: any free port)", parsePort, DEFAULT_PORT)
    .option("--host <host>", "the address to listen on", "127.0.0.1")
    .option("--public-url <url>", "also answer to this address, of a proxy in front; the link names it", parsePublicUrl)
    .option("--home <folder>", "where the data is (default: SKEIN_HOME, else ~/.skein)")
    .option("--database <url>", "keep the data in a PostgreSQL: postgres://… (default: SKEIN_DATABASE, else the home)")
    .option("--json", "print one line {url, token, link, home, pid} when it is ready")
    .option("--allow <folder...>", "coders may work in these folders and below only (default: anywhere)")
    .option("--map <there=here>", "a folder of other machines, and where it is on this one (repeatable)", collectPairs)
    .addOption(
      new Option("--credentials <from>", "agents use their own sign-in, or this environment's provider keys")
        .choices(["login", "env"])
        .default("login"),
    )
    .option("--open", "open the link in the browser")
    .action(async (options: Options) => {
      const home = resolveHome({ flag: options.home, env: io.env, cwd: io.cwd, homeFolder: io.homeFolder });
      // Loaded only here: no other command pays for the server and the agents.
      const [{ start }, { compose }, { openBrowser }] = await Promise.all([
        import("../start/start.ts"),
        import("../start/compose.ts"),
        import("../start/open-browser.ts"),
      ]);
      // It has a password, and is no business of the agents.
      const { SKEIN_DATABASE, ...environment } = io.env;
      const database = SKEIN_DATABASE || undefined;
      await start(io, compose, {
        home,
        database: options.database ?? database,
        host: options.host,
        port: options.port,
        publicUrl: options.publicUrl,
        json: options.json ?? false,
        pid: process.pid,
        version,
        agents: {
          environment,
          credentials: options.credentials,
          directoryMap: options.map ?? [],
          allowedDirectories: options.allow?.map((folder) => resolve(io.cwd, folder)),
          defaultDirectory: io.homeFolder,
        },
        telemetry: readTelemetrySettings(io.env),
        ...(options.open ? { onReady: (link) => openBrowser(link, process.platform) } : {}),
      });
    });
}
