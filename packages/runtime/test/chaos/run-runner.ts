import { createRunner } from "@skein/runtime";
import { z } from "zod";
import { failover } from "./failover.ts";
import { relayRegistry, type Watcher } from "./relay.ts";

/** Child process: a runner that lives until it is killed, at whichever of the servers answers. */
const options = z.object({
  urls: z.array(z.string()),
  token: z.string(),
  id: z.string(),
  witness: z.string(),
  entities: z.number(),
});
const { urls, token, id, witness, entities } = options.parse(JSON.parse(process.argv[2] ?? ""));

/** The clock of the whole machine, in milliseconds: it may be compared between processes. */
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const tell = async (what: object): Promise<void> => {
  const told = await fetch(witness, { method: "POST", body: JSON.stringify({ ...what, pid: process.pid, at: now() }) });
  await told.arrayBuffer();
};
const watcher: Watcher = {
  now,
  entered: (handler) => tell({ kind: "entered", ...handler }),
  left: (handler) => tell({ kind: "left", ...handler }),
};
const runner = createRunner({
  fetch: failover(urls),
  baseUrl: urls[0] ?? "",
  token,
  id,
  registry: relayRegistry(entities, watcher),
  concurrency: 16,
  graceMs: 500,
  pollMs: 5_000,
  log: () => undefined,
});
process.once("disconnect", () => process.exit(0));
await runner.start();
process.send?.({ started: id });
