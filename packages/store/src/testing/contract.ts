import { afterAll, beforeAll, describe } from "vitest";
import { CONTRACT_COLLECTIONS } from "./collections.ts";
import { commitRules } from "./contract/commits.ts";
import { durabilityRules } from "./contract/durability.ts";
import { ephemeralRules } from "./contract/ephemeral.ts";
import { expiryRules } from "./contract/expiry.ts";
import { forkRules } from "./contract/forks.ts";
import { producerRules } from "./contract/producers.ts";
import { queryRules } from "./contract/queries.ts";
import { readRules } from "./contract/reads.ts";
import { recordRules } from "./contract/records.ts";
import { streamRules } from "./contract/streams.ts";
import { watchRules } from "./contract/watches.ts";
import type { OpenedStore, StoreFactory } from "./fixture.ts";
import { Fixture, TestClock } from "./fixture.ts";

/**
 * The behaviour that every store has (docs/spec/store.md). An engine's own test calls this in one line; what only that
 * engine has, it tests beside it.
 */
export function runStoreContract(name: string, factory: StoreFactory): void {
  describe(`store contract: ${name}`, () => {
    const clock = new TestClock();
    let opened: OpenedStore | undefined;
    let fixture: Fixture | undefined;
    const current = (): Fixture => {
      if (!fixture) throw new Error("The store is not open yet");
      return fixture;
    };

    beforeAll(async () => {
      opened = await factory({ collections: CONTRACT_COLLECTIONS, now: clock.now });
      fixture = new Fixture(opened.store, clock);
    });
    afterAll(async () => opened?.dispose());

    describe("commits", () => commitRules(current));
    describe("streams", () => streamRules(current));
    describe("reads", () => readRules(current));
    describe("producers", () => producerRules(current));
    describe("records", () => recordRules(current));
    describe("queries", () => queryRules(current));
    describe("ephemeral streams", () => ephemeralRules(current));
    describe("expiry", () => expiryRules(current));
    describe("forks", () => forkRules(current));
    describe("watches", () => watchRules(current));
    describe("opening and closing", () => durabilityRules(factory));
  });
}
