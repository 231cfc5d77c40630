import { SkeinError } from "@skein/protocol";
import { CliError } from "../failure.ts";
import type { Home } from "../home/home.ts";
import { hasCode, makePrivateFolder } from "../home/private-file.ts";
import { isAlive, readServerFile, removeServerFile, writeServerFile } from "../home/server-file.ts";
import type { CliIo } from "../io.ts";
import { jsonLine, safeText } from "../output/safe-text.ts";
import { createStyle } from "../output/style.ts";
import { announce, type Ready } from "./announce.ts";
import { choosePort, portTaken } from "./choose-port.ts";
import type { TelemetrySettings } from "../telemetry/settings.ts";
import type { AgentOptions, Compose, Composed } from "./compose.ts";
import { describeHolder, findPortHolder } from "./port-holder.ts";
import { probeHealth } from "./probe-health.ts";

export interface StartOptions {
  readonly home: Home;
  readonly database: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly json: boolean;
  readonly pid: number;
  readonly version: string;
  readonly agents: AgentOptions;
  readonly telemetry: TelemetrySettings;
  /** Called with the link once it is ready. */
  readonly onReady?: (link: string) => void;
}

/** Clean stops take less; what does not end by then is given up, and taken up again by the next start. */
const STOP_MS = 1800;

/** Runs everything until the signal aborts. Resolves when it has stopped. */
export async function start(io: CliIo, compose: Compose, options: StartOptions): Promise<void> {
  const { home, pid } = options;
  await makePrivateFolder(home.folder);
  const crashed = await refuseSecond(home);
  const port = options.port === 0 ? 0 : await choosePort(io, options.host, options.port);
  const log = (line: string): void => io.stderr(`${safeText(line)}\n`);
  const { database, host, publicUrl, version, agents, telemetry } = options;
  const composed = await composeOn(compose, { home, database, host, port, publicUrl, version, agents, telemetry, log });
  try {
    const { url, token, link } = composed;
    await writeServerFile(home.serverFile, { url, token, pid, startedAt: io.now() });
    const ready: Ready = { url, token, link, home: home.folder, pid };
    const notes = [
      ...(crashed ? ["The last server did not stop cleanly; interrupted turns are closed as aborted."] : []),
      ...composed.notes,
    ];
    if (options.json) for (const note of notes) io.stderr(`${note}\n`);
    io.stdout(options.json ? jsonLine(ready) : announce(ready, composed.data, notes, createStyle(io.color)));
    options.onReady?.(link);
    await aborted(io.signal);
    io.stderr("Stopping …\n");
  } finally {
    const clean = await stopWithin(composed, STOP_MS);
    await removeServerFile(home.serverFile, pid);
    if (!clean) io.stderr("Some work did not end in time; the next start takes it up.\n");
  }
}

/** Refuses to start where another one runs. Answers whether the last one crashed. */
async function refuseSecond(home: Home): Promise<boolean> {
  const found = await readServerFile(home.serverFile, isAlive);
  if (found.kind === "none") return false;
  // The pid may by now be somebody else's: only an answer proves that it is a Skein.
  if (found.kind === "stale" || (await probeHealth(found.server.url)) === undefined) return true;
  const { url, pid, startedAt } = found.server;
  throw new CliError(
    "already_running",
    `Skein runs on ${home.folder} already: ${url}, pid ${pid}, since ${new Date(startedAt).toISOString()}.`,
    { hint: "Open it with the link that it printed, stop it, or start another with --home FOLDER --port N." },
  );
}

async function composeOn(compose: Compose, options: Parameters<Compose>[0]): Promise<Composed> {
  try {
    return await compose(options);
  } catch (error) {
    // What the store says is all there is to say: a server that could be started is not what is missing.
    if (error instanceof SkeinError) throw new CliError(error.code, error.message, { cause: error });
    // Somebody was quicker since we looked.
    if (!hasCode(error, "EADDRINUSE")) throw error;
    throw portTaken(options.port, describeHolder(await findPortHolder(options.host, options.port)), undefined);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Whether it stopped in time. */
async function stopWithin(composed: Composed, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([composed.close().then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
