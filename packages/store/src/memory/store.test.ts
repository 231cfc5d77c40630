import { runStoreContract } from "../testing/contract.ts";
import type { StoreFactory } from "../testing/fixture.ts";
import { runStoreProperties } from "../testing/properties/index.ts";
import { createMemoryStore } from "./store.ts";

const open: StoreFactory = async (options) => {
  const store = createMemoryStore(options);
  return { store, dispose: () => store.close() };
};

runStoreContract("memory", open);
runStoreProperties("memory", open, { runs: 300 });
