import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InboxRow, Message, RunRow } from "@skein/protocol";
import { ENTITY_EVENTS } from "@skein/protocol";
import { createRegistry, createRunner } from "@skein/runtime";
import type { Runner } from "@skein/runtime";
import { createClient, isChangeEvent } from "@skein/runtime/client";
import type { Client } from "@skein/runtime/client";
import { createMemoryServer } from "@skein/server/testing";
import type { TestServer } from "@skein/server/testing";
import { CODER_RUN_STATUS_EVENT, SESSION_INFO_EVENT, sessionStreams, TRANSCRIPT_EVENT } from "@skein/sessions";
import type { coderArgs, CoderRunStatusRow, CodingSessionInfoRow, CodingSessionTranscriptRow } from "@skein/sessions";
import type { z } from "zod";
import { registerCoder } from "../coder/register.ts";
import type { CoderOptions, Coders } from "../coder/register.ts";
import { createFakeAgent } from "./fake-agent.ts";
import type { FakeAgent } from "./fake-agent.ts";

/** A server in memory with a runner of coders: the whole way of a prompt but the agent. */
export interface CoderLab {
  readonly server: TestServer;
  readonly client: Client;
  readonly agent: FakeAgent;
  readonly cwd: string;
  /** Put between runners and the server from now on. */
  intercept(between: ((request: Request, next: Next) => Promise<Response>) | undefined): void;
  /** Starts a runner of coders; stops with the lab. */
  startRunner(options?: Partial<CoderOptions> & { readonly runnerId?: string }): Promise<LabRunner>;
  spawn(id: string, args?: Partial<z.input<typeof coderArgs>>, first?: Message): Promise<SessionView>;
  /** Looks at a session that is there. */
  watch(url: string, sessionId: string): SessionView;
  close(): Promise<void>;
}

type Next = (request: Request) => Promise<Response>;

export interface LabRunner {
  readonly runner: Runner;
  readonly coders: Coders;
  stop(): Promise<void>;
  /** As if the process had died: nothing that it still does reaches the server. */
  crash(): Promise<void>;
}

/** What a viewer of a session sees, kept up to date. */
export interface SessionView {
  readonly url: string;
  readonly rows: readonly CodingSessionTranscriptRow[];
  /** Every event of the transcript, in the order of the log. */
  readonly statuses: readonly CoderRunStatusRow[];
  info(): CodingSessionInfoRow | undefined;
  runs(): readonly RunRow[];
  inbox(): readonly InboxRow[];
  signals(): readonly string[];
  types(): string[];
  status(): CoderRunStatusRow | undefined;
  /** Resolves when it is so; rejects after ten seconds with what there was. */
  until(what: string, isSo: () => boolean): Promise<void>;
  idle(turns: number): Promise<void>;
  prompt(text: string, idempotencyKey?: string): Promise<string>;
  send(type: string, payload: unknown): Promise<string>;
}

const PATIENCE_MS = 10_000;

export async function createCoderLab(options: { agent?: FakeAgent; server?: TestServer } = {}): Promise<CoderLab> {
  const server = options.server ?? createMemoryServer();
  const agent = options.agent ?? createFakeAgent();
  const cwd = await realpath(await mkdtemp(join(tmpdir(), "skein-coder-")));
  const connection = { baseUrl: server.url, token: server.token, fetch: (request: Request) => server.fetch(request) };
  const client = createClient(connection);
  const runners: LabRunner[] = [];
  const watching = new AbortController();
  const next: Next = (request) => server.fetch(request);
  let between: ((request: Request, next: Next) => Promise<Response>) | undefined;

  return {
    server,
    intercept(given) {
      between = given;
    },
    client,
    agent,
    cwd,
    async startRunner({ runnerId = "lab", ...changes } = {}) {
      const registry = createRegistry();
      const coders = registerCoder(registry, {
        defaultWorkingDirectory: cwd,
        environment: {},
        owner: cwd,
        adapters: [agent],
        listCoders: async () => (await client.listEntities({ type: "coder" })).entities,
        readBlob: (path) => readBlob(server, path),
        ...changes,
      });
      let dead = false;
      const fetch = (request: Request): Promise<Response> => {
        if (dead) return Promise.reject(new TypeError("The runner is dead."));
        return between === undefined ? next(request) : between(request, next);
      };
      const log = () => undefined;
      const runner = createRunner({
        ...connection,
        fetch,
        registry,
        id: runnerId,
        calls: coders.calls,
        pollMs: 500,
        graceMs: 300,
        log,
      });
      await coders.start();
      await runner.start();
      const stop = async (): Promise<void> => {
        await runner.stop();
        await coders.close();
      };
      const made: LabRunner = {
        runner,
        coders,
        stop,
        async crash() {
          dead = true;
          await stop();
        },
      };
      runners.push(made);
      return made;
    },
    async spawn(id, args = {}, first) {
      const initial = first === undefined ? {} : { initialMessage: first };
      const { url } = await client.spawn("coder", id, { args: { agent: "claude", ...args }, ...initial });
      return watch(client, url, args.resource ?? id, watching.signal);
    },
    watch: (url, sessionId) => watch(client, url, sessionId, watching.signal),
    async close() {
      watching.abort();
      await Promise.allSettled(runners.map((runner) => runner.stop()));
      await server.close();
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

async function readBlob(server: TestServer, path: string): Promise<Uint8Array | undefined> {
  const headers = { authorization: `Bearer ${server.token}` };
  const response = await server.fetch(new Request(`${server.url}${path}`, { headers }));
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

function watch(client: Client, url: string, sessionId: string, signal: AbortSignal): SessionView {
  const rows: CodingSessionTranscriptRow[] = [];
  const statuses: CoderRunStatusRow[] = [];
  const runs = new Map<string, RunRow>();
  const inbox = new Map<string, InboxRow>();
  const signals: string[] = [];
  const waiting = new Set<() => void>();
  let info: CodingSessionInfoRow | undefined;

  // What the server stored has been checked by it.
  const on: Record<string, (key: string, value: unknown) => void> = {
    [TRANSCRIPT_EVENT]: (_key, value) => rows.push(value as CodingSessionTranscriptRow),
    [SESSION_INFO_EVENT]: (_key, value) => (info = value as CodingSessionInfoRow),
    [CODER_RUN_STATUS_EVENT]: (_key, value) => statuses.push(value as CoderRunStatusRow),
    [ENTITY_EVENTS.run]: (key, value) => runs.set(key, value as RunRow),
    [ENTITY_EVENTS.signal]: (key) => signals.push(key),
    [ENTITY_EVENTS.inbox]: (key, value) => inbox.set(key, value as InboxRow),
  };
  const follow = async (path: string): Promise<void> => {
    for await (const { events } of client.followStream({ path, signal, missingMs: PATIENCE_MS })) {
      for (const event of events) if (isChangeEvent(event)) on[event.type]?.(event.key, event.value);
      for (const check of waiting) check();
    }
  };
  for (const path of [`${url}/main`, sessionStreams(sessionId).main]) void follow(path).catch(() => undefined);

  const until: SessionView["until"] = (what, isSo) =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        waiting.delete(check);
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        done();
        const seen = rows.map(({ type, key }) => `${type} ${key}`).join("\n");
        reject(new Error(`Waited in vain for ${what}. Status ${JSON.stringify(statuses.at(-1))}, rows:\n${seen}`));
      }, PATIENCE_MS);
      const check = (): void => {
        if (!isSo()) return;
        done();
        resolve();
      };
      waiting.add(check);
      check();
    });
  const ends = (): number => rows.filter(({ type }) => type === "turn_complete" || type === "turn_aborted").length;
  const isAtRest = (): boolean => ["idle", "error"].includes(statuses.at(-1)?.status ?? "");
  const send: SessionView["send"] = async (type, payload) => (await client.send(url, { type, payload })).key;
  return {
    url,
    rows,
    statuses,
    info: () => info,
    runs: () => [...runs.values()],
    inbox: () => [...inbox.values()],
    signals: () => signals,
    types: () => rows.map(({ type }) => type),
    status: () => statuses.at(-1),
    until,
    idle: (turns) => until(`${String(turns)} ended turns`, () => ends() >= turns && isAtRest()),
    async prompt(text, idempotencyKey) {
      const once = idempotencyKey === undefined ? {} : { idempotencyKey };
      return (await client.send(url, { type: "prompt", payload: { text }, ...once })).key;
    },
    send,
  };
}
