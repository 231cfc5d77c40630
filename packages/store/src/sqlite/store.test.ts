import { runStoreContract } from "../testing/contract.ts";
import { runStoreProperties } from "../testing/properties/index.ts";
import { openTemporaryStore } from "../testing/temporary-store.ts";

runStoreContract("SQLite", openTemporaryStore);
runStoreProperties("SQLite", openTemporaryStore, { runs: 12 });
