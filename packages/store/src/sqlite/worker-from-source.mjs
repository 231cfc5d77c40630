// Entry of the writer's thread when it runs from TypeScript sources: loaders of the main thread do not reach threads.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
