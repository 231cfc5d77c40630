export { createManualClock, type ManualClock } from "./manual-clock.ts";
export { createFakeServer, type FakeServer, type FakeServerOptions } from "./server/fake-server.ts";
export { type FakeEntity, type FakeState } from "./server/state.ts";
