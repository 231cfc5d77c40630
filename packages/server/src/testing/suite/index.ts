import type { Store } from "@skein/store";
import { afterEach, beforeEach, describe } from "vitest";
import type { ServerUnderTest } from "../caller.ts";
import { createFixture, type Fixture } from "../fixture.ts";
import { accessRules } from "./access.ts";
import { blobRules } from "./blobs.ts";
import { checkpointRules } from "./checkpoints.ts";
import { claimRules } from "./claims.ts";
import { dispatchRules } from "./dispatch.ts";
import { entityRules } from "./entities.ts";
import { leaseRules } from "./lease.ts";
import { resourceRules } from "./resources.ts";
import { runnerRules } from "./runners.ts";
import { runRules } from "./runs.ts";
import { scenarioRules } from "./scenarios/index.ts";
import { shareRules } from "./shares.ts";
import { signalRules } from "./signals.ts";

export interface SuiteServer extends ServerUnderTest {
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * The server's rules over any way to reach one: in process, over a socket, or with every request sent to another of
 * several servers on one store. `start` makes an empty one whose store's clock is `now`, whose token belongs to
 * `user:test`, and whose claims have a lease of 30 s. Without `scenarios` it takes half as long.
 */
export function serverSuite(
  name: string,
  start: (now: () => number) => Promise<SuiteServer>,
  { scenarios = true } = {},
): void {
  describe(name, () => {
    let fixture: Fixture | undefined;
    let server: SuiteServer | undefined;
    let time = Date.UTC(2026, 0, 1);
    const on = (): Fixture => {
      if (!fixture) throw new Error("The server is not started.");
      return fixture;
    };
    beforeEach(async () => {
      server = await start(() => time);
      fixture = createFixture(server, server.store, (ms) => {
        time += ms;
      });
    });
    afterEach(async () => {
      await server?.close();
      fixture = undefined;
    });

    describe("entities", () => entityRules(on));
    describe("claims", () => claimRules(on));
    describe("leases", () => leaseRules(on));
    describe("checkpoints", () => checkpointRules(on));
    describe("dispatch", () => dispatchRules(on));
    describe("runs", () => runRules(on));
    describe("resources", () => resourceRules(on));
    describe("blobs", () => blobRules(on));
    describe("runners", () => runnerRules(on));
    describe("access", () => accessRules(on));
    describe("shares", () => shareRules(on));
    if (scenarios) describe("scenarios of the original", () => scenarioRules(on));
    describe("signals", () => signalRules(on));
  });
}
