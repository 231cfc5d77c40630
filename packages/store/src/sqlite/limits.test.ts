import { runStoreLimits } from "../testing/limits.ts";
import { openTemporaryStore } from "../testing/temporary-store.ts";

runStoreLimits("SQLite", openTemporaryStore);
