export { type TestEntity, type TestSharedState } from "./inspect.ts";
export { type Mishap } from "./interference.ts";
export { createManualClock, type ManualClock } from "./manual-clock.ts";
export { createFakeServer, type FakeServer, type FakeServerOptions } from "./server/fake-server.ts";
export { type FakeEntity, type FakeState } from "./server/state.ts";
export { createTestWorld, type TestWorld, type TestWorldOptions } from "./world.ts";
