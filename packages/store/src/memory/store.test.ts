import { runStoreContract } from "../testing/contract.ts";
import { createMemoryStore } from "./store.ts";

runStoreContract("memory", async (options) => {
  const store = createMemoryStore(options);
  return { store, dispose: () => store.close() };
});
