/** The rules one by one, for those who are held to some of them: `@skein/server/testing/suite`. */
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
