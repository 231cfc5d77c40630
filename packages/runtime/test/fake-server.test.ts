import { beforeEach, describe } from "vitest";
import { claimRules, entityRules, runnerRules, runRules, signalRules, type Fixture } from "@skein/server/testing/suite";
import { createFakeFixture } from "./fake-fixture.ts";

/** What handlers are tested with decides as the server does: it is held to the server's own rules. */
describe("the server of @skein/runtime/testing", () => {
  let fixture: Fixture;
  const on = (): Fixture => fixture;
  beforeEach(() => {
    fixture = createFakeFixture();
  });

  describe("entities", () => entityRules(on));
  describe("claims", () => claimRules(on));
  describe("runs", () => runRules(on));
  describe("runners", () => runnerRules(on));
  describe("signals", () => signalRules(on));
});
