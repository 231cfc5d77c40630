import type { Store } from "@skein/store";
import type { StoreEvent } from "@skein/store/sqlite";
import type { StreamsEvent } from "@skein/streams";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Observe } from "../observe.ts";
import { observeCommits } from "./observed-store.ts";
import type { ServerState } from "./state.ts";

/** Everything that a server counts, and its text for Prometheus. One per server; wired by the presets. */
export interface Metrics {
  readonly observe: Observe;
  readonly observeStore: (event: StoreEvent) => void;
  readonly observeStreams: (event: StreamsEvent) => void;
  /** A reader that took nothing was cut off. */
  readonly stalled: () => void;
  readonly observed: (store: Store) => Store;
  render(state: ServerState): Promise<{ readonly contentType: string; readonly text: string }>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SYNC_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const GROUP_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 1000];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const http = httpMetrics(registry);
  const store = storeMetrics(registry);
  const streams = streamsMetrics(registry);
  const showState = stateMetrics(registry);
  let process = false;
  return {
    ...http,
    ...store,
    ...streams,
    async render(state) {
      // Only for whoever looks: measuring the event loop wakes it.
      if (!process) collectDefaultMetrics({ register: registry });
      process = true;
      showState(state);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function httpMetrics(registry: Registry): Pick<Metrics, "observe"> {
  const registers = [registry];
  const requests = new Histogram({
    name: "skein_http_request_duration_seconds",
    help: "Time until the head of an answer, by the route that matched. Live answers and long polls wait in it.",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
    registers,
  });
  const refused = new Counter({
    name: "skein_http_errors_total",
    help: "Requests that were refused, by error code. `fenced`: a handler that had lost its claim.",
    labelNames: ["code"],
    registers,
  });
  const claims = new Histogram({
    name: "skein_wake_wait_seconds",
    help: "How long an entity was ready before a runner claimed it.",
    buckets: SECONDS,
    registers,
  });
  const expired = new Counter({
    name: "skein_lease_expirations_total",
    help: "Claims that were taken over because their lease had run out.",
    registers,
  });
  return {
    observe(event) {
      switch (event.kind) {
        case "request": {
          const { method, route, status } = event;
          return requests.observe({ method, route, status }, event.ms / 1000);
        }
        case "refused":
          return refused.inc({ code: event.code });
        case "claimed":
          if (event.expired) expired.inc();
          return claims.observe(event.waitedMs / 1000);
      }
    },
  };
}

function storeMetrics(registry: Registry): Pick<Metrics, "observeStore" | "observed"> {
  const registers = [registry];
  const seconds = (name: string, help: string) =>
    new Histogram({ name: `skein_store_${name}_seconds`, help, buckets: SYNC_SECONDS, registers });
  const waiting = new Gauge({
    name: "skein_store_commits_waiting",
    help: "Commits that are made and not durable yet: the depth of the queue.",
    registers,
  });
  const commits = new Counter({
    name: "skein_store_commits_total",
    help: "Commits, by what came of them: committed, the reason of the refusal, or failed.",
    labelNames: ["outcome"],
    registers,
  });
  const latency = seconds("commit", "From a commit's call to its answer.");
  const decide = seconds("group_decide", "Deciding a group of commits.");
  const write = seconds("group_write", "Writing a group of commits.");
  const sync = seconds("group_sync", "Making a group of commits durable.");
  const sizes = new Histogram({
    name: "skein_store_group_commits",
    help: "Commits that shared one sync.",
    buckets: GROUP_SIZES,
    registers,
  });
  const bytes = new Counter({ name: "skein_store_bytes_total", help: "Bytes handed to the store.", registers });
  const failures = new Counter({ name: "skein_store_group_failures_total", help: "Groups that failed.", registers });
  const background = new Counter({
    name: "skein_store_background_failures_total",
    help: "Failures of work that nobody waits for: cleaning up, and looking for missed notifications.",
    labelNames: ["work"],
    registers,
  });
  return {
    observeStore(event) {
      if (event.kind === "group-failed") return failures.inc();
      if (event.kind === "background-failed") return background.inc({ work: event.work });
      bytes.inc(event.bytes);
      decide.observe(event.decideMs / 1000);
      if (!event.synced) return;
      sizes.observe(event.commits);
      write.observe(event.writeMs / 1000);
      sync.observe(event.syncMs / 1000);
    },
    observed: (store) =>
      observeCommits(store, {
        begun: () => waiting.inc(),
        ended(outcome, ms) {
          waiting.dec();
          latency.observe(ms / 1000);
          commits.inc({ outcome: outcome?.kind === "rejected" ? outcome.reason.kind : (outcome?.kind ?? "failed") });
        },
      }),
  };
}

function streamsMetrics(registry: Registry): Pick<Metrics, "observeStreams" | "stalled"> {
  const registers = [registry];
  const readers = new Gauge({
    name: "skein_live_readers",
    help: "Live reads that are open now.",
    labelNames: ["kind"],
    registers,
  });
  const behind = new Counter({
    name: "skein_live_readers_behind_total",
    help: "Times that a live reader was too slow to be served from memory, and read the store.",
    registers,
  });
  const stalled = new Counter({
    name: "skein_readers_stalled_total",
    help: "Readers that took nothing for a minute, and were cut off.",
    registers,
  });
  for (const kind of ["sse", "long-poll", "follow"]) readers.set({ kind }, 0);
  return {
    observeStreams(event) {
      switch (event.kind) {
        case "reader-joined":
          return readers.inc({ kind: event.reader });
        case "reader-left":
          return readers.dec({ kind: event.reader });
        case "reader-behind":
          return behind.inc();
      }
    },
    stalled: () => stalled.inc(),
  };
}

function stateMetrics(registry: Registry): (state: ServerState) => void {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `skein_${name}`, help, labelNames, registers: [registry] });
  const wakes = gauge("wakes", "Entities that wait for a runner or are held by one (at most 1000 of a type).", "state");
  const oldest = gauge("wake_oldest_ready_seconds", "How long the entity that waits longest has been ready.");
  const runners = gauge("runners_online", "Runners that were heard of lately.");
  const sessions = gauge("sessions", "Of the 1000 sessions that were active last, by status.", "status");
  return (state) => {
    wakes.set({ state: "ready" }, state.wakes.ready);
    wakes.set({ state: "claimed" }, state.wakes.claimed);
    oldest.set(state.wakes.oldestReadyMs / 1000);
    runners.set(state.runnersOnline);
    for (const [status, count] of Object.entries(state.sessions)) sessions.set({ status }, count);
  };
}
