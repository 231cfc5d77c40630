import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BenchmarkContext } from "../benchmark.ts";

export interface ServerProcess {
  readonly url: URL;
  readonly pid: number;
}

const SOURCE = ["--import", "tsx", "--conditions=@skein/source"];

/** Starts `servers/{name}.ts` with a fresh data folder and waits until it listens. It ends with the benchmark. */
export async function spawnServer(context: BenchmarkContext, name: "ours" | "peer"): Promise<ServerProcess> {
  const folder = await context.folder();
  const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = fork(entry, [folder], { execArgv: SOURCE, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  context.defer(async () => {
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(late);
  });
  const failed = exited.then(([code]) => Promise.reject(new Error(`The server ${name} ended with ${String(code)}.`)));
  failed.catch(() => undefined);
  const [message]: unknown[] = await Promise.race([once(child, "message"), failed]);
  return { url: new URL(urlOf(message)), pid: child.pid ?? 0 };
}

function urlOf(message: unknown): string {
  if (typeof message === "object" && message !== null && "url" in message && typeof message.url === "string") {
    return message.url;
  }
  throw new Error("The server did not say where it listens.");
}

/** Both servers, side by side for one benchmark. */
export async function spawnBoth(context: BenchmarkContext): Promise<{ ours: ServerProcess; peer: ServerProcess }> {
  const [ours, peer] = await Promise.all([spawnServer(context, "ours"), spawnServer(context, "peer")]);
  return { ours, peer };
}
