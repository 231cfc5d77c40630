import type { Store } from "@skein/store";
import { afterEach, beforeEach, describe } from "vitest";
import type { ServerUnderTest } from "../caller.ts";
import { createFixture, type Fixture } from "../fixture.ts";
import { accessRules } from "./access.ts";
import { blobRules } from "./blobs.ts";
import { checkpointRules } from "./checkpoints.ts";
import { claimRules } from "./claims.ts";
import { dispatchRules } from "./dispatch.ts";
import { drivingRules } from "./driving.ts";
import { entityRules } from "./entities.ts";
import { inboxRules } from "./inbox.ts";
import { observerRules } from "./observers.ts";
import { placementRules } from "./placement.ts";
import { leaseRules } from "./lease.ts";
import { resourceRules } from "./resources.ts";
import { runnerRules } from "./runners.ts";
import { runRules } from "./runs.ts";
import { scenarioRules } from "./scenarios/index.ts";
import { scheduleRules } from "./schedules.ts";
import { setRules } from "./sets.ts";
import { shareRules } from "./shares.ts";
import { signalRules } from "./signals.ts";
import { typeRules } from "./types.ts";
import { waitingRules } from "./waiting.ts";

export interface SuiteServer extends ServerUnderTest {
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * The server's rules over any way to reach one: in process, over a socket, or with every request sent to another of
 * several servers on one store. `start` makes an empty one whose store's clock is `now`, whose token belongs to
 * `user:test`, and whose claims have a lease of 30 s. Not `whole`, it
 * takes half as long: what does not depend on how the server is reached is left out.
 */
export function serverSuite(
  name: string,
  start: (now: () => number) => Promise<SuiteServer>,
  { whole = true } = {},
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
    describe("driving", () => drivingRules(on));
    describe("waiting", () => waitingRules(on));
    if (whole) {
      describe("types", () => typeRules(on));
      describe("inbox", () => inboxRules(on));
      describe("schedules", () => scheduleRules(on));
      describe("observers", () => observerRules(on));
      describe("sets", () => setRules(on));
      describe("placement", () => placementRules(on));
    }
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
    if (whole) describe("scenarios of the original", () => scenarioRules(on));
    describe("signals", () => signalRules(on));
  });
}
