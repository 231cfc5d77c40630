import { existsSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { createRegistry, createRunner, type Log } from "@skein/runtime";
import { createEmbeddedServer } from "@skein/server/presets";
import type { Home } from "../home/home.ts";
import { namesOfWildcard, reachableUrl } from "./addresses.ts";

export interface ComposeOptions {
  readonly home: Home;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly version: string;
  /** One line for the person who started it. */
  readonly log: (line: string) => void;
}

/** Everything, running in this process. */
export interface Composed {
  readonly url: string;
  readonly token: string;
  /** Signs the browser in that opens it. */
  readonly link: string;
  /** What a person should know about this start. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export type Compose = (options: ComposeOptions) => Promise<Composed>;

/** The runner of this process. The same id at every start: a new start takes back what the last one was doing. */
const RUNNER = "local";

/** Joins store, server, runner, coder and web app: the composition root of `skein start`. */
export const compose: Compose = async ({ home, host, port, version, log }) => {
  const webApp = fileURLToPath(new URL("../../../web/dist/", import.meta.url));
  const hasWebApp = existsSync(new URL("index.html", `file://${webApp}`));
  const server = await createEmbeddedServer({
    home: home.folder,
    host,
    port,
    version,
    hosts: namesOfWildcard(host, port, { interfaces: networkInterfaces(), hostname: hostname() }),
    ...(hasWebApp ? { staticDirectory: webApp } : {}),
    log: ({ level, message, error }) => {
      if (level === "warn" || level === "error") log(join(message, error));
    },
  });
  const runner = createRunner({
    baseUrl: server.url,
    token: server.token,
    fetch: (request) => server.fetch(request),
    registry: createRegistry(),
    id: RUNNER,
    machine: hostname(),
    log: runnerLog(log),
  });
  try {
    await runner.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  const url = reachableUrl(server.url);
  return {
    url,
    token: server.token,
    link: server.link.replace(server.url, url),
    notes: hasWebApp ? [] : ["The web app is not built: run `npm start` or `npm run build` once."],
    async close() {
      await runner.stop();
      await server.close();
    },
  };
};

function runnerLog(log: (line: string) => void): Log {
  return (level, text, fields) => {
    if (level === "warn" || level === "error") log(join(text, fields?.["error"]));
  };
}

function join(text: string, error: unknown): string {
  if (error === undefined) return text;
  return `${text} ${error instanceof Error ? error.message : JSON.stringify(error)}`;
}
