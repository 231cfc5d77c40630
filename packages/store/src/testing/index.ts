export { CONTRACT_COLLECTIONS } from "./collections.ts";
export { runStoreContract } from "./contract.ts";
export { runStoreLimits } from "./limits.ts";
export { runStoreProperties } from "./properties/index.ts";
export { type OpenedStore, type StoreFactory, TestClock } from "./fixture.ts";
export { seeded } from "./seeded.ts";
export { findPostgres, type PostgresCluster, startPostgres } from "./postgres-cluster.ts";
