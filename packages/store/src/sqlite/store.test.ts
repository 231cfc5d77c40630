import { runStoreContract } from "../testing/contract.ts";
import { openTemporaryStore } from "../testing/temporary-store.ts";

runStoreContract("SQLite", openTemporaryStore);
