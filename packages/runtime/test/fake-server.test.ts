import {
  claimRules,
  entityRules,
  inboxRules,
  observerRules,
  placementRules,
  runnerRules,
  runRules,
  scheduleRules,
  setRules,
  signalRules,
  typeRules,
  type Fixture,
} from "@skein/server/testing/suite";
import { beforeEach, describe } from "vitest";
import { createFakeFixture } from "./fake-fixture.ts";

/** What handlers are tested with decides as the server does: it is held to the server's own rules. */
describe("the server of @skein/runtime/testing", () => {
  let fixture: Fixture;
  const on = (): Fixture => fixture;
  beforeEach(() => {
    fixture = createFakeFixture();
  });

  describe("entities", () => entityRules(on));
  describe("types", () => typeRules(on));
  describe("claims", () => claimRules(on));
  describe("placement", () => placementRules(on));
  describe("runs", () => runRules(on));
  describe("observers", () => observerRules(on));
  describe("sets", () => setRules(on));
  describe("schedules", () => scheduleRules(on));
  describe("inbox", () => inboxRules(on));
  describe("runners", () => runnerRules(on));
  describe("signals", () => signalRules(on));
});
