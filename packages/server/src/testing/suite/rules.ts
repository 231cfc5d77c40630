/**
 * The rules one by one, for those who are held to some of them: `@skein/server/testing/suite`. The server in memory of
 * `@skein/runtime/testing` is: a new rule in one of these is a new rule for it
 * (`npx vitest run --project unit packages/runtime/test/fake-server.test.ts`).
 */
export { SERVER_COLLECTIONS } from "../../records/collections.ts";
export { createFixture, type Fixture } from "../fixture.ts";
export { inboxRules } from "./inbox.ts";
export { observerRules } from "./observers.ts";
export { placementRules } from "./placement.ts";
export { scheduleRules } from "./schedules.ts";
export { setRules } from "./sets.ts";
export { typeRules } from "./types.ts";
export { claimRules } from "./claims.ts";
export { entityRules } from "./entities.ts";
export { runnerRules } from "./runners.ts";
export { runRules } from "./runs.ts";
export { signalRules } from "./signals.ts";
