import { createHash } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import { registerCoder } from "@skein/coder";
import { SkeinError, type Entity } from "@skein/protocol";
import { createRegistry, createRunner, type Log } from "@skein/runtime";
import { createClient, createTransport, type Client, type Transport } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { describeAddress } from "@skein/store/postgres";
import { readAgentsFile } from "../home/agents-file.ts";
import type { Home } from "../home/home.ts";
import type { Telemetry } from "../telemetry/start-telemetry.ts";
import type { TelemetrySettings } from "../telemetry/settings.ts";
import { findWebApp } from "./web-app.ts";
import { namesOfWildcard, reachableUrl } from "./addresses.ts";

export interface ComposeOptions {
  readonly home: Home;
  /** `postgres://…`: where the data is instead of in the home. */
  readonly database: string | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The origin of a proxy in front. */
  readonly publicUrl: string | undefined;
  readonly version: string;
  readonly agents: AgentOptions;
  readonly telemetry: TelemetrySettings;
  /** One line for the person who started it. */
  readonly log: (line: string) => void;
}

/** How agents run here. */
export interface AgentOptions {
  /** What their own environment is made from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Their own sign-in, or the provider keys of the environment. */
  readonly credentials: "login" | "env";
  /** Coders work in these folders and below; absent: wherever the person may. */
  readonly allowedDirectories: readonly string[] | undefined;
  /** Where directories of other machines are here. */
  readonly directoryMap: readonly { readonly from: string; readonly to: string }[];
  /** Where a coder works that was not told. */
  readonly defaultDirectory: string;
}

/** Everything, running in this process. */
export interface Composed {
  readonly url: string;
  readonly token: string;
  /** Signs the browser in that opens it. */
  readonly link: string;
  /** Where the data is, for a person: no secret is in it. */
  readonly data: string;
  /** What a person should know about this start. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export type Compose = (options: ComposeOptions) => Promise<Composed>;

/**
 * The runner of this process. The same id at every start: a new start takes back what the last one was doing. On a
 * database that other servers share, one for each home.
 */
function runnerId(home: Home, database: string | undefined): string {
  if (database === undefined) return "local";
  return `local-${createHash("sha256").update(`${hostname()}\0${home.folder}`).digest("hex").slice(0, 12)}`;
}

/** Joins store, server, runner, coder and web app: the composition root of `skein start`. */
export const compose: Compose = async ({ home, database, host, port, publicUrl, version, agents, ...options }) => {
  const { log } = options;
  const telemetry = await openTelemetry(options.telemetry, version);
  const tracing = telemetry?.tracing;
  const webApp = findWebApp();
  const server = await createEmbeddedServer({
    home: home.folder,
    ...(database === undefined ? {} : { database }),
    host,
    port,
    version,
    hosts: [
      ...namesOfWildcard(host, port, { interfaces: networkInterfaces(), hostname: hostname() }),
      ...(publicUrl === undefined ? [] : [new URL(publicUrl).host]),
    ],
    origins: publicUrl === undefined ? [] : [publicUrl],
    ...(webApp === undefined ? {} : { staticDirectory: webApp }),
    log: ({ level, message, error }) => {
      if (level === "warn" || level === "error") log(join(message, error));
    },
    ...(tracing && { trace: tracing.server }),
  });
  const fetch = (request: Request): Promise<Response> => server.fetch(request);
  const connection = { baseUrl: server.url, token: server.token, fetch: tracing?.propagating(fetch) ?? fetch };
  const registry = createRegistry();
  const coders = registerCoder(registry, {
    defaultWorkingDirectory: agents.defaultDirectory,
    allowedDirectories: agents.allowedDirectories,
    directoryMap: agents.directoryMap,
    worktrees: home.worktrees,
    environment: agents.environment,
    owner: home.folder,
    machine: hostname(),
    claude: { credentials: agents.credentials },
    codex: { credentials: agents.credentials },
    acp: { credentials: agents.credentials, ...(await readAgentsFile(home.folder)) },
    readBlob: (path) => readBlob(createTransport(connection), path),
    listCoders: () => listCoders(createClient(connection)),
    sessionExists: (session) => sessionExists(createClient(connection), session),
    sendTo: (url, message) => createClient(connection).send(url, message),
  });
  const runner = createRunner({
    ...connection,
    registry,
    id: runnerId(home, database),
    machine: hostname(),
    // What an entity may ask for (`dispatch.labels`).
    labels: {
      machine: hostname(),
      ...(agents.allowedDirectories && { directory: agents.allowedDirectories.slice(0, 100) }),
    },
    calls: coders.calls,
    log: runnerLog(log),
    ...(tracing && { trace: tracing.runner }),
  });
  const close = async (): Promise<void> => {
    await runner.stop();
    await coders.close();
    await server.close();
    await telemetry?.close();
  };
  try {
    await coders.start();
    await runner.start();
  } catch (error) {
    await close();
    throw error;
  }
  const url = reachableUrl(server.url);
  return {
    url,
    token: server.token,
    link: server.link.replace(server.url, publicUrl ?? url),
    data: database === undefined ? home.folder : `PostgreSQL, ${describeAddress(database)}`,
    notes: [
      ...(webApp === undefined ? ["The web app is not built: run `npm start` or `npm run build` once."] : []),
      ...(options.telemetry.kind === "unsupported" ? [options.telemetry.message] : []),
    ],
    close,
  };
};

async function openTelemetry(settings: TelemetrySettings, version: string): Promise<Telemetry | undefined> {
  if (settings.kind !== "otlp") return undefined;
  const { startTelemetry } = await import("../telemetry/start-telemetry.ts");
  return startTelemetry(settings, version);
}

/** `undefined`: it was not uploaded. */
async function readBlob(transport: Transport, path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await (await transport.request("GET", path)).arrayBuffer());
  } catch (error) {
    if (error instanceof SkeinError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** Only what the server says is gone is gone. */
async function sessionExists(client: Client, session: string): Promise<boolean> {
  try {
    await client.getSession(session);
  } catch (error) {
    return !(error instanceof SkeinError && error.code === "session_not_found");
  }
  return true;
}

async function listCoders(client: Client): Promise<Entity[]> {
  const found: Entity[] = [];
  let after: string | undefined;
  do {
    const page = await client.listEntities({ type: "coder", after });
    found.push(...page.entities);
    after = page.next;
  } while (after !== undefined);
  return found;
}

function runnerLog(log: (line: string) => void): Log {
  return (level, text, fields) => {
    if (level === "warn" || level === "error") log(join(text, fields?.["error"]));
  };
}

function join(text: string, error: unknown): string {
  if (error === undefined) return text;
  return `${text} ${error instanceof Error ? error.message : JSON.stringify(error)}`;
}
