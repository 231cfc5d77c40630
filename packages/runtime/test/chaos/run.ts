import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Client } from "@skein/runtime/client";
import { expect, onTestFinished } from "vitest";
import { z } from "zod";
import { failover } from "./failover.ts";
import { inGroups, readResult } from "./result.ts";
import { startProcess, type Mortal } from "./processes.ts";
import { startWitness } from "./witness.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly servers: number;
  /** Where the data is, if not in a folder of the one server. */
  readonly database?: string;
  readonly entities: number;
  /** Parcels that a person gives to the entities in turn; each is passed on `HOPS` times. */
  readonly parcels: number;
  readonly kills: number;
}

const HOPS = 2;
const TOKEN = "token-of-the-chaos";
const RUNNERS = 2;
const LEASE_MS = 3_000;

/** Numbers of a seed, so that a run can be made again. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Runs it, kills what the seed says when it says so, and holds the outcome to what was promised. */
export async function runChaos({
  seed,
  servers: count,
  database,
  entities,
  parcels,
  kills,
}: ChaosOptions): Promise<void> {
  const random = randomOf(seed);
  const home = await mkdtemp(join(tmpdir(), "skein-chaos-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const witness = await startWitness();
  onTestFinished(() => witness.close());

  const startServer = (index: number, port: number): Promise<Mortal<{ port: number }>> =>
    startProcess(
      "run-server.ts",
      {
        home: join(home, String(index)),
        port,
        token: TOKEN,
        leaseMs: LEASE_MS,
        ...(database !== undefined && { database }),
      },
      (said) => z.object({ port: z.number() }).parse(said),
    );
  const servers = await Promise.all(Array.from({ length: count }, (_, index) => startServer(index, 0)));
  const urls = servers.map(({ said }) => `http://127.0.0.1:${said.port}`);
  const startRunner = (id: string): Promise<Mortal<unknown>> =>
    startProcess("run-runner.ts", { urls, token: TOKEN, id, witness: witness.url, entities }, (said) => said);
  let names = RUNNERS;
  const runners = await Promise.all(Array.from({ length: RUNNERS }, (_, index) => startRunner(`runner-${index}`)));
  const runnerIds = runners.map((_, index) => `runner-${index}`);

  const client = createClient({ fetch: failover(urls), baseUrl: urls[0] ?? "", token: TOKEN });
  const sending = giveAll(client, entities, parcels);
  // What fails is said by the wait at the end.
  sending.catch(() => undefined);

  for (let kill = 0; kill < kills; kill += 1) {
    await Promise.race([witness.begun(10 + Math.floor(random() * 60)), sending.then(() => undefined)]);
    const index = Math.floor(random() * RUNNERS);
    if (kill % 2 === 0) {
      const which = Math.floor(random() * count);
      const server = servers[which] ?? fail("There is no such server.");
      await server.kill();
      servers[which] = await startServer(which, server.said.port);
      continue;
    }
    const runner = runners[index] ?? fail("There is no such runner.");
    await runner.kill();
    witness.died(runner.pid);
    // Half of them come back as who they were, which gives back their claims; the others leave them to the lease.
    if (random() < 0.5) runnerIds[index] = `runner-${(names += 1)}`;
    runners[index] = await startRunner(runnerIds[index] ?? "");
  }
  await sending;
  const result = await readResult(client, entities, parcels * (HOPS + 1));
  expect(result.problems).toEqual([]);
  expect(result.handled).toBe(parcels * (HOPS + 1));
  expect(witness.overlaps()).toEqual([]);
}

/** A person who does not give up: the same message under the same key until it is taken, one after the other. */
async function giveAll(client: Client, entities: number, parcels: number): Promise<void> {
  await inGroups(entities, (entity) => insist(() => client.spawn("relay", String(entity))));
  await inGroups(Math.min(entities, parcels), async (entity) => {
    for (let n = 1; entity + (n - 1) * entities < parcels; n += 1) {
      const id = `p${entity}-${n}`;
      const payload = { id, from: "user", n, hops: HOPS };
      await insist(() => client.send(`/relay/${entity}`, { type: "parcel", payload, idempotencyKey: id }));
    }
  });
}

async function insist(attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (tries > 2_000 || (code !== "unavailable" && code !== "internal")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function fail(message: string): never {
  throw new Error(message);
}
