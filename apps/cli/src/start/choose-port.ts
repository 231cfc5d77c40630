import { CliError } from "../failure.ts";
import type { CliIo } from "../io.ts";
import { isPortFree, nextFreePort } from "./port.ts";
import { describeHolder, findPortHolder } from "./port-holder.ts";

/** The port to listen on: the wanted one or, if it is taken, the next free one when a person agrees to it. */
export async function choosePort(io: CliIo, host: string, wanted: number): Promise<number> {
  if (await tryPort(host, wanted)) return wanted;
  const holder = describeHolder(await findPortHolder(host, wanted));
  const next = await nextFreePort(wanted, (port) => isPortFree(host, port));
  if (next !== undefined && io.interactive) {
    const answer = await io.ask(`Port ${wanted} is taken by ${holder}. Use ${next} instead? [Y/n] `);
    if (/^(y(es)?)?$/i.test(answer.trim())) return next;
  }
  throw portTaken(wanted, holder, next);
}

export function portTaken(port: number, holder: string, next: number | undefined): CliError {
  return new CliError("port_taken", `Port ${port} is taken by ${holder}.`, {
    hint: `Use another one: skein start --port ${next ?? "N"}`,
  });
}

async function tryPort(host: string, port: number): Promise<boolean> {
  try {
    return await isPortFree(host, port);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("cannot_listen", `Cannot listen on ${host}:${port}: ${reason}.`, { cause });
  }
}
