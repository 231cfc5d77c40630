import { createMemoryStore } from "@skein/store/memory";
import { SUBSCRIPTION_COLLECTIONS } from "./subscriptions/records.ts";
import { describeConformance } from "./testing/conformance-suite.ts";

describeConformance("memory store", () => createMemoryStore({ collections: SUBSCRIPTION_COLLECTIONS }));
