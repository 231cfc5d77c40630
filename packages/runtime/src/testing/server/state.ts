import type {
  ChangeEvent,
  ChangeOperation,
  DelayedRow,
  Entity,
  EntityType,
  MemberFacts,
  ObserveRow,
  PlacedEvent,
  RunnerLabels,
  RunRow,
  SendResult,
} from "@skein/protocol";
import { SkeinError } from "@skein/protocol";
import type { Clock } from "../../client/index.ts";
import { createFakeStream, type FakeStream } from "./streams.ts";

/**
 * A server's whole memory. One thread, no store: whatever a request decides it does before the next one is looked at,
 * so everything is atomic by itself, and what a request must not do half it judges before it begins to change things.
 */
export interface FakeState {
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly types: Map<string, EntityType>;
  readonly entities: Map<string, FakeEntity>;
  readonly streams: Map<string, FakeStream>;
  readonly blobs: Map<string, { readonly mime: string; readonly bytes: Uint8Array }>;
  readonly runners: Map<string, FakeRunner>;
  readonly calls: Map<string, FakeCall>;
  /** The entity that drives each coding session. */
  readonly drivers: Map<string, string>;
  readonly subscriptions: Map<string, RunSubscription>;
  /** What sets of entities are told: who came, changed and went, and whose runs ended. */
  readonly facts: Fact[];
  newId(): string;
  /** Called after everything that may make somebody claimable, or an answer come. */
  readonly changed: Set<() => void>;
}

export interface FakeEntity {
  entity: Omit<Entity, "streams">;
  /** Absent once it is killed. */
  wake: Wake | undefined;
  /** The last sequence number that was applied under the present generation. */
  seq: number;
  readonly openRuns: Map<string, RunRow>;
  /** Shared states that its manifest declares. */
  readonly links: Set<string>;
  /** Idempotency keys, with what was answered. */
  readonly receipts: Map<string, Omit<SendResult, "duplicate">>;
  readonly observations: Map<string, Observation>;
  /** Messages that wait for their time. */
  readonly delayed: Map<string, DelayedRow>;
  /** Under a claim: messages in front of this position are being handled. Absent: all of them. */
  taken?: number | undefined;
  /** Under a claim: behind the newest change of a message by somebody else. */
  edited?: number | undefined;
}

/** What is told of one observation, and how far that has come. */
export interface Observation {
  row: ObserveRow;
  /** How much of the source's log has been looked at. */
  looked: number;
  /** Where in the log that is told next begins. */
  from: number;
  /** What matched and is not told yet. */
  pending: PlacedEvent[];
  /** Since when something is pending. */
  since: number;
  /** Of a timer and a schedule: when it is due. */
  dueAt: number | undefined;
  /** When its silence is told of. */
  silentAt: number | undefined;
}

export interface Fact {
  readonly url: string;
  readonly before?: MemberFacts | undefined;
  readonly after?: MemberFacts | undefined;
  readonly run?: RunRow;
  readonly by: string;
}

/** Who may work on an entity, and when it is offered. */
export interface Wake {
  readonly state: "idle" | "ready" | "claimed";
  readonly generation: number;
  readonly acked: number;
  readonly attempts: number;
  readonly claimableAt?: number;
  readonly held?: "paused" | "stopped";
  readonly claim?: { readonly id: string; readonly holder: string; readonly leaseUntil: number };
}

export interface FakeRunner {
  readonly id: string;
  readonly types: readonly string[];
  readonly machine?: string;
  readonly labels: RunnerLabels;
  lastSeenAt: number;
}

export interface FakeCall {
  readonly id: string;
  readonly runner: string;
  readonly method: string;
  readonly params: unknown;
  state: "pending" | "taken";
  readonly answer: (outcome: { readonly result: unknown } | { readonly error: SkeinError }) => void;
}

export interface RunSubscription {
  readonly source: string;
  readonly subscriber: string;
  readonly includeResponse: boolean;
}

export interface Stamp {
  readonly principal: string;
  readonly now: number;
}

export function createFakeState(options: { readonly clock: Clock; readonly leaseMs: number }): FakeState {
  let ids = 0;
  return {
    ...options,
    types: new Map(),
    entities: new Map(),
    streams: new Map(),
    blobs: new Map(),
    runners: new Map(),
    calls: new Map(),
    drivers: new Map(),
    subscriptions: new Map(),
    facts: [],
    newId: () => `id-${String((ids += 1)).padStart(4, "0")}`,
    changed: new Set(),
  };
}

export function tell(state: FakeState): void {
  for (const listener of state.changed) listener();
}

export function makeStream(state: FakeState, path: string): FakeStream {
  const there = state.streams.get(path);
  if (there) return there;
  const stream = createFakeStream(path);
  state.streams.set(path, stream);
  return stream;
}

export function requireEntity(state: FakeState, url: string): FakeEntity {
  const found = state.entities.get(url);
  if (!found) throw new SkeinError("not_found", `There is no entity ${url}.`);
  return found;
}

/** Throws `entity_ended` for one that was killed. */
export function requireLiving(state: FakeState, url: string): FakeEntity & { wake: Wake } {
  const found = requireEntity(state, url);
  if (!isLiving(found)) {
    throw new SkeinError("entity_ended", `${url} was killed. Its history stays readable.`, {
      details: { status: "killed" },
    });
  }
  return found;
}

export function isLiving(entity: FakeEntity): entity is FakeEntity & { wake: Wake } {
  return entity.wake !== undefined;
}

/** The principal of an entity's handler. */
export function agentPrincipal(url: string): string {
  return `agent:${url}`;
}

export function stamped(event: ChangeEvent, { principal, now }: Stamp): ChangeEvent {
  return { ...event, headers: { ...event.headers, timestamp: new Date(now).toISOString(), principal } };
}

export function eventOf(
  type: string,
  row: { readonly key: string; readonly operation: ChangeOperation; readonly value?: unknown },
  stamp: Stamp,
): ChangeEvent {
  const { key, operation, value } = row;
  return stamped({ type, key, ...(value !== undefined && { value }), headers: { operation } }, stamp);
}
