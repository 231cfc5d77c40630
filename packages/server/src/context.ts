import type { Store } from "@skein/store";
import type { Streams } from "@skein/streams";
import type { EntityRules } from "./entities/entity.ts";
import type { SchemaChecker } from "./entities/schema.ts";
import type { Observe } from "./observe.ts";
import type { Background } from "./schedules/background.ts";

/** What the effects share: made once by `createServer`. */
export interface ServerContext {
  readonly store: Store;
  readonly streams: Streams;
  readonly rules: EntityRules;
  readonly background: Background;
  readonly schemas: SchemaChecker;
  /** A secret that nobody can guess. */
  readonly secret: () => string;
  readonly leaseMs: number;
  /** A runner that has not been heard of for this long is offline. */
  readonly runnerTimeoutMs: number;
  /** Aborted when the server closes: everything that waits ends. */
  readonly signal: AbortSignal;
  readonly log: (event: LogEvent) => void;
  readonly observe: Observe;
}

export interface LogEvent {
  readonly level: "warn" | "error";
  readonly message: string;
  readonly error?: unknown;
}
