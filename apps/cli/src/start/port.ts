import { createServer } from "node:net";
import { hasCode } from "../home/private-file.ts";

export const DEFAULT_PORT = 4437;
const HIGHEST = 65_535;
const TRIES = 50;

/** Whether somebody could listen there now. Rejects when the address itself will not do (not ours, not permitted). */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once("error", reject);
      probe.listen({ host, port, exclusive: true }, resolve);
    });
    return true;
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) return false;
    throw error;
  } finally {
    await new Promise<void>((resolve) => probe.close(() => resolve()));
  }
}

/** The first free port behind `port`, looked for in the next few; `undefined` when all are taken. */
export async function nextFreePort(
  port: number,
  isFree: (port: number) => Promise<boolean>,
): Promise<number | undefined> {
  for (let next = port + 1; next <= Math.min(HIGHEST, port + TRIES); next += 1) {
    if (await isFree(next)) return next;
  }
  return undefined;
}
