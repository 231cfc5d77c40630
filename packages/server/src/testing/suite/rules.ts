/** The rules one by one, for those who are held to some of them: `@skein/server/testing/suite`. */
export { SERVER_COLLECTIONS } from "../../records/collections.ts";
export { createFixture, type Fixture } from "../fixture.ts";
export { claimRules } from "./claims.ts";
export { entityRules } from "./entities.ts";
export { runnerRules } from "./runners.ts";
export { runRules } from "./runs.ts";
export { signalRules } from "./signals.ts";
