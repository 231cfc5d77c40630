import type { ChangeEvent, ManifestRow, ObserveRow, ObserveSource, WakeCondition } from "@skein/protocol";
import { ENTITY_EVENTS, OBSERVE_KEY, observeRow, SkeinError } from "@skein/protocol";
import type { Wake } from "../context.ts";
import type { Observation } from "../observation.ts";
import type { WakeOn } from "../sources.ts";
import { createReadonlyCollection } from "./collection.ts";
import { manifestEvent } from "./shared-state-handle.ts";
import type { StreamView } from "./stream-view.ts";

/** What an entity has declared that it wants to be woken by. */
export interface Observations {
  /** The handle of a key, whether it is declared or not. */
  of(key: string): Observation;
  /** Declares it with the next flush, unless it stands so already. */
  declare(order: DeclareOrder): void;
  stop(key: string): void;
}

export interface DeclareOrder {
  readonly key: string;
  readonly source: ObserveSource;
  readonly wake?: WakeCondition | undefined;
  /** Up to where the source was read. */
  readonly from?: string | undefined;
}

export function createObservations(options: {
  readonly main: StreamView;
  readonly wake: Wake;
  readonly writeMain: (event: ChangeEvent) => void;
}): Observations {
  const { main, wake, writeMain } = options;
  const manifests = createReadonlyCollection<ManifestRow>("manifests", ENTITY_EVENTS.manifest, main);
  const stop = (key: string): void => {
    if (!manifests.has(key)) return;
    writeMain({ type: ENTITY_EVENTS.manifest, key, headers: { operation: "delete" } });
  };
  return {
    of: (key) => ({
      key,
      events: wake.wakes.filter((row) => row.observe === key),
      stop: () => stop(key),
    }),
    declare({ key, source, wake: condition, from }) {
      const order = { kind: "observe", key, source, ...(condition && { wake: condition }), ...(from && { from }) };
      const row = observeRow.safeParse(order);
      if (!row.success) throw new SkeinError("invalid_request", `This cannot be observed: ${row.error.message}`);
      const before = manifests.get(key);
      if (before?.kind !== "observe" || !isSame(before, row.data)) writeMain(manifestEvent(row.data));
    },
    stop,
  };
}

function isSame(one: ObserveRow, other: ObserveRow): boolean {
  return canonical([one.source, one.wake]) === canonical([other.source, other.wake]);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** The condition as the server has it; `typeOf` says which events a collection's name stands for. */
export function conditionOf(wake: WakeOn, typeOf: (name: string) => string): WakeCondition {
  if (wake === "runFinished") return { on: "runFinished", includeResponse: true };
  if (wake.on === "runFinished") {
    const { includeResponse = true, timeoutMs } = wake;
    return { on: "runFinished", includeResponse, ...(timeoutMs !== undefined && { timeoutMs }) };
  }
  const { collections, operations, debounceMs = 0, timeoutMs, includeOwn = false } = wake;
  return {
    on: "change",
    ...(collections && { collections: collections.map(typeOf) }),
    ...(operations && { operations: [...operations] }),
    debounceMs,
    ...(timeoutMs !== undefined && { timeoutMs }),
    includeOwn,
  };
}

const MAX_KEY = 200;

/** Of an observation: what is observed, or the name that it was given. Long ones are cut and told apart by a hash. */
export function observationKey(what: string): string {
  const key = OBSERVE_KEY + what;
  return key.length <= MAX_KEY ? key : `${key.slice(0, MAX_KEY - 17)}~${hashOf(key)}`;
}

/** FNV-1a, 64 bits: only to tell names apart. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
