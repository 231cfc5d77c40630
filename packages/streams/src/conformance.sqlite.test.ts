import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "@skein/store/sqlite";
import { SUBSCRIPTION_COLLECTIONS } from "./subscriptions/records.ts";
import { describeConformance } from "./testing/conformance-suite.ts";

let folder = "";

describeConformance(
  "SQLite store",
  async () => {
    folder = await mkdtemp(join(tmpdir(), "skein-streams-"));
    return createSqliteStore({ path: folder, collections: SUBSCRIPTION_COLLECTIONS });
  },
  () => rm(folder, { recursive: true, force: true }),
);
