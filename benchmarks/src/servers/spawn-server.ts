import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BenchmarkContext } from "../benchmark.ts";
import type { Usage } from "./parent.ts";

export interface ServerProcess {
  readonly url: URL;
  readonly pid: number;
  /** From opening its data until it listened, milliseconds; without the start of the process and its loader. */
  readonly openMs: number;
  /** How it is now. Its longest stall is that since this was last asked. */
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

export type ServerName = "ours" | "peer" | "floor" | "ours-postgres" | "product";

const SOURCE = ["--expose-gc", "--import", "tsx", "--conditions=@skein/source"];

/** Starts `servers/{name}.ts` with a fresh data folder and waits until it listens. It ends with the benchmark. */
export async function spawnServer(context: BenchmarkContext, name: ServerName, where?: string): Promise<ServerProcess> {
  const folder = where ?? (await context.folder());
  const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = fork(entry, [folder], { execArgv: SOURCE, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(late);
  };
  context.defer(stop);
  const failed = exited.then(([code]) => Promise.reject(new Error(`The server ${name} ended with ${String(code)}.`)));
  failed.catch(() => undefined);
  const answer = async (): Promise<unknown> => {
    const [message]: unknown[] = await Promise.race([once(child, "message"), failed]);
    return message;
  };
  const listening = await answer();
  return {
    url: new URL(stringOf(listening, "url")),
    pid: child.pid ?? 0,
    openMs: numberOf(listening, "openMs"),
    stop,
    async usage() {
      const said = answer();
      child.send({ ask: "usage" });
      const message = await said;
      return {
        rss: numberOf(message, "rss"),
        stallMs: numberOf(message, "stallMs"),
        cpuMs: numberOf(message, "cpuMs"),
      };
    },
  };
}

function fieldOf(message: unknown, name: string): unknown {
  if (typeof message === "object" && message !== null)
    return Object.entries(message).find(([key]) => key === name)?.[1];
  return undefined;
}

function stringOf(message: unknown, name: string): string {
  const value = fieldOf(message, name);
  if (typeof value !== "string") throw new Error(`The server did not say its ${name}.`);
  return value;
}

function numberOf(message: unknown, name: string): number {
  const value = fieldOf(message, name);
  if (typeof value !== "number") throw new Error(`The server did not say its ${name}.`);
  return value;
}

export interface Field {
  readonly ours: ServerProcess;
  readonly peer: ServerProcess;
  readonly floor: ServerProcess;
}

/** Ours, the reference and the floor, side by side for one benchmark. */
export async function spawnField(context: BenchmarkContext): Promise<Field> {
  const [ours, peer, floor] = await Promise.all([
    spawnServer(context, "ours"),
    spawnServer(context, "peer"),
    spawnServer(context, "floor"),
  ]);
  return { ours, peer, floor };
}
