import type {
  CallRequest,
  Entity,
  EntityAmendment,
  EntityPage,
  EntityType,
  EntityTypeAmendment,
  EntityTypeRegistration,
  ForkRequest,
  InboxEdit,
  InboxEditResult,
  Message,
  RunnerInfo,
  RunnerRegistration,
  SendResult,
  Session,
  SessionPage,
  SignalName,
  SpawnRequest,
} from "@skein/protocol";
import {
  entity,
  entityPage,
  entityType,
  entityUrl,
  inboxEditResult,
  PREFIX,
  runnerInfo,
  sendResult,
  session,
  sessionPage,
} from "@skein/protocol";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { FollowOptions, StreamFollower } from "./follow-stream.ts";
import { followStream } from "./follow-stream.ts";
import type { ReadOptions, StreamBatch, StreamRange } from "./read-stream.ts";
import { readStream } from "./read-stream.ts";
import { shareMethods, type ShareMethods } from "./shares.ts";
import type { ConnectionOptions, Transport } from "./transport.ts";
import { createTransport } from "./transport.ts";

export interface ClientOptions extends ConnectionOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface ListOptions extends ReadOptions {
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

export interface EntityListOptions extends ListOptions {
  readonly type?: string;
  readonly status?: string;
  readonly parent?: string;
  /** All of these. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Everything that docs/design/http.md lists, typed. Works wherever `fetch` does; with a server's own `fetch`, without
 * a socket. Every method rejects with a `SkeinError`. Nothing is tried again here: that is for the caller, who knows
 * whether it may be.
 *
 * @example
 * const client = createClient({ baseUrl: "http://127.0.0.1:4437", token });
 * const { url } = await client.spawn("counter", "visits");
 * await client.send(url, { payload: { add: 1 } });
 * for await (const { events } of client.followStream({ path: `${url}/main` })) console.log(events);
 */
export interface Client extends ShareMethods {
  readonly transport: Transport;
  health(options?: ReadOptions): Promise<{ status: string; version: string }>;

  listEntityTypes(options?: ReadOptions): Promise<EntityType[]>;
  registerEntityType(registration: EntityTypeRegistration): Promise<EntityType>;
  getEntityType(name: string, options?: ReadOptions): Promise<EntityType>;
  /** Adds schemas, or says another description; a schema that is there is not replaced. */
  amendEntityType(name: string, amendment: EntityTypeAmendment): Promise<EntityType>;
  deleteEntityType(name: string): Promise<void>;

  /** Idempotent for the same type, id and args. `created` says whether it was new. */
  spawn(type: string, id: string, request?: SpawnRequest): Promise<Entity & { readonly created: boolean }>;
  /** A new entity that begins with what this one has so far. Idempotent for the same id and request. */
  fork(url: string, request?: ForkRequest): Promise<Entity & { readonly created: boolean }>;
  getEntity(url: string, options?: ReadOptions): Promise<Entity>;
  listEntities(options?: EntityListOptions): Promise<EntityPage>;
  kill(url: string): Promise<Entity>;
  /** Lets other runners work on it. */
  redispatch(url: string, dispatch: EntityAmendment["dispatch"]): Promise<Entity>;
  send(url: string, message: Message): Promise<SendResult>;
  /** Changes or moves a message that is not being handled yet; `conflict` when it is too late. */
  editMessage(url: string, key: string, edit: InboxEdit): Promise<InboxEditResult>;
  /** Takes such a message back. */
  removeMessage(url: string, key: string): Promise<void>;
  signal(url: string, name: SignalName, reason?: string): Promise<Entity>;
  setTag(url: string, name: string, value: string): Promise<Entity>;
  removeTag(url: string, name: string): Promise<Entity>;
  /** Of the entities on one coding session this one drives it from now on. A turn that runs is aborted. */
  takeOver(url: string): Promise<Entity>;

  listSessions(options?: ListOptions): Promise<SessionPage>;
  getSession(id: string, options?: ReadOptions): Promise<Session>;
  /** For good; its forks stay. Its coder must have been killed. */
  deleteSession(id: string): Promise<void>;

  registerRunner(id: string, registration: RunnerRegistration): Promise<RunnerInfo>;
  listRunners(options?: ReadOptions): Promise<RunnerInfo[]>;
  /** Asks a runner for something, such as the agent sessions on its machine. */
  call(runner: string, request: CallRequest, options?: ReadOptions): Promise<unknown>;

  readStream(path: string, range: StreamRange, options?: ReadOptions): Promise<StreamBatch>;
  followStream(options: FollowOptions): StreamFollower;
}

const health = z.looseObject({ status: z.string(), version: z.string() });
const entityTypeList = z.object({ entityTypes: z.array(entityType) });
const runnerList = z.object({ runners: z.array(runnerInfo) });
const callAnswer = z.object({ result: z.unknown() });

export function createClient({ clock = systemClock, ...connection }: ClientOptions): Client {
  const transport = createTransport(connection);
  return {
    transport,
    health: (options) => transport.json(health, "GET", `${PREFIX}/health`, options),
    ...entityTypeMethods(transport),
    ...entityMethods(transport),
    ...sessionMethods(transport),
    ...shareMethods(transport),
    ...runnerMethods(transport),
    readStream: (path, range, options) => readStream(transport, path, range, options),
    followStream: (options) => followStream(transport, clock, options),
  };
}

function entityTypeMethods(transport: Transport) {
  const path = `${PREFIX}/entity-types`;
  const one = (name: string): string => `${path}/${encodeURIComponent(name)}`;
  return {
    listEntityTypes: async (options?: ReadOptions) =>
      (await transport.json(entityTypeList, "GET", path, options)).entityTypes,
    registerEntityType: (body: EntityTypeRegistration) => transport.json(entityType, "POST", path, { body }),
    getEntityType: (name: string, options?: ReadOptions) => transport.json(entityType, "GET", one(name), options),
    amendEntityType: (name: string, body: EntityTypeAmendment) =>
      transport.json(entityType, "PATCH", one(name), { body }),
    deleteEntityType: async (name: string) => {
      await transport.request("DELETE", one(name));
    },
  };
}

function entityMethods(transport: Transport) {
  const tag = (url: string, name: string): string => `${url}/tags/${encodeURIComponent(name)}`;
  return {
    async spawn(type: string, id: string, request: SpawnRequest = {}) {
      const path = entityUrl(encodeURIComponent(type), encodeURIComponent(id));
      const response = await transport.request("PUT", path, { body: request });
      return { ...entity.parse(await response.json()), created: response.status === 201 };
    },
    async fork(url: string, request: ForkRequest = {}) {
      const response = await transport.request("POST", `${url}/fork`, { body: request });
      return { ...entity.parse(await response.json()), created: response.status === 201 };
    },
    takeOver: (url: string) => transport.json(entity, "POST", `${url}/take-over`),
    getEntity: (url: string, options?: ReadOptions) => transport.json(entity, "GET", url, options),
    listEntities({ signal, tags = {}, type, status, parent, after, limit }: EntityListOptions = {}) {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries({ type, status, parent, after, limit })) {
        if (value !== undefined) query.set(name, String(value));
      }
      for (const [name, value] of Object.entries(tags)) query.append("tag", `${name}=${value}`);
      return transport.json(entityPage, "GET", `${PREFIX}/entities?${query.toString()}`, { signal });
    },
    kill: (url: string) => transport.json(entity, "DELETE", url),
    redispatch: (url: string, dispatch: EntityAmendment["dispatch"]) =>
      transport.json(entity, "PATCH", url, { body: { dispatch } }),
    editMessage: (url: string, key: string, body: InboxEdit) =>
      transport.json(inboxEditResult, "PATCH", `${url}/inbox/${encodeURIComponent(key)}`, { body }),
    removeMessage: async (url: string, key: string) => {
      await transport.request("DELETE", `${url}/inbox/${encodeURIComponent(key)}`);
    },
    send: (url: string, body: Message) => transport.json(sendResult, "POST", `${url}/send`, { body }),
    signal: (url: string, signal: SignalName, reason?: string) =>
      transport.json(entity, "POST", `${url}/signal`, { body: { signal, reason } }),
    setTag: (url: string, name: string, value: string) =>
      transport.json(entity, "POST", tag(url, name), { body: { value } }),
    removeTag: (url: string, name: string) => transport.json(entity, "DELETE", tag(url, name)),
  };
}

function sessionMethods(transport: Transport) {
  const path = `${PREFIX}/sessions`;
  return {
    listSessions: ({ signal, after, limit }: ListOptions = {}) =>
      transport.json(sessionPage, "GET", path, { signal, query: { after, limit } }),
    getSession: (id: string, options?: ReadOptions) =>
      transport.json(session, "GET", `${path}/${encodeURIComponent(id)}`, options),
    deleteSession: async (id: string) => {
      await transport.request("DELETE", `${path}/${encodeURIComponent(id)}`);
    },
  };
}

function runnerMethods(transport: Transport) {
  const path = `${PREFIX}/runners`;
  const one = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  return {
    registerRunner: (id: string, body: RunnerRegistration) => transport.json(runnerInfo, "PUT", one(id), { body }),
    listRunners: async (options?: ReadOptions) => (await transport.json(runnerList, "GET", path, options)).runners,
    call: async (runner: string, body: CallRequest, options?: ReadOptions) =>
      (await transport.json(callAnswer, "POST", `${one(runner)}/calls`, { body, ...options })).result,
  };
}
