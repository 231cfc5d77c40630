import { createMemoryStore } from "@skein/store/memory";
import { describeConformance } from "./testing/conformance-suite.ts";

describeConformance("memory store", () => createMemoryStore({ collections: {} }));
