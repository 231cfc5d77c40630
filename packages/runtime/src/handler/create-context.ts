import type { ChangeEvent, Claim, Entity, InboxRow, RunRow, SignalRow, Tags, WakeRow } from "@skein/protocol";
import { ENTITY_EVENTS, entityUrl, formatOffset, SkeinError } from "@skein/protocol";
import type { Client } from "../client/index.ts";
import { positionOf } from "../client/index.ts";
import type { Child, HandlerContext, SpawnOptions, StateSchema } from "../context.ts";
import { createCollection, createReadonlyCollection } from "./collection.ts";
import type { Committer } from "./committer.ts";
import type { Input } from "./input.ts";
import type { Runs } from "./runs.ts";
import type { SharedStates } from "./shared-states.ts";
import { manifestEvent } from "./shared-state-handle.ts";
import type { StreamView } from "./stream-view.ts";
import type { TagView } from "./tag-view.ts";
import type { WriteBuffer } from "./write-buffer.ts";

export interface ContextParts {
  readonly claim: Claim;
  readonly client: Client;
  readonly args: unknown;
  readonly state: StateSchema;
  readonly signal: AbortSignal;
  readonly main: StreamView;
  readonly writeMain: (event: ChangeEvent) => void;
  readonly buffer: WriteBuffer;
  readonly committer: Committer;
  readonly input: Input;
  readonly runs: Runs;
  readonly shared: SharedStates;
  readonly tags: TagView;
  readonly log: HandlerContext["log"];
}

/** The handler's context over the parts of its claim. */
export function createContext(parts: ContextParts): HandlerContext {
  const { claim, main, buffer, committer, input, runs, shared, tags, writeMain } = parts;
  const entity: Entity = claim.entity;
  const changeTag = (name: string, value: string | undefined): void => {
    tags.put(name, value);
    buffer.tag(name, value);
  };
  return {
    entity,
    url: entity.url,
    type: entity.type,
    id: entity.id,
    args: parts.args,
    get tags(): Tags {
      return tags.current;
    },
    firstWake: positionOf(claim.from) === 0,
    generation: claim.generation,
    signal: parts.signal,
    state: Object.fromEntries(
      Object.entries(parts.state).map(([name, definition]) => [
        name,
        createCollection(name, definition, main, writeMain),
      ]),
    ) as HandlerContext["state"],
    db: {
      inbox: createReadonlyCollection<InboxRow>("inbox", ENTITY_EVENTS.inbox, main),
      runs: createReadonlyCollection<RunRow>("runs", ENTITY_EVENTS.run, main),
      signals: createReadonlyCollection<SignalRow>("signals", ENTITY_EVENTS.signal, main),
      wakes: createReadonlyCollection<WakeRow>("wakes", ENTITY_EVENTS.wake, main),
      offsetOf(key) {
        const entry = main.fold.rows(ENTITY_EVENTS.inbox).entry(key);
        return entry && formatOffset(entry.position + 1);
      },
    },
    mkdb: (id, schema, options) => shared.mkdb(id, schema, options),
    observe: (source, options) => shared.observe(source, options),
    setTag: (name, value) => changeTag(name, value),
    removeTag: (name) => changeTag(name, undefined),
    recordRun: () => runs.record(),
    send: (to, message) => buffer.send(to, message),
    spawn: (type, id, options) => spawn(committer, buffer, main.path, { type, id, ...options }),
    async fork(url, request) {
      await committer.flush();
      const fork = await parts.client.fork(url, request);
      return { url: fork.url, send: (message) => buffer.send(fork.url, message) };
    },
    onMessage: (listener) => input.onMessage(listener),
    onSignal: (listener) => input.onSignal(listener),
    flush: () => committer.flush(),
    log: parts.log,
  };
}

async function spawn(
  committer: Committer,
  buffer: WriteBuffer,
  mainPath: string,
  order: SpawnOptions & { type: string; id: string },
): Promise<Child> {
  const url = entityUrl(order.type, order.id);
  await committer.flush();
  const declared = manifestEvent({ kind: "child", key: `child:${url}`, url });
  const { refused = [] } = await committer.commit(() => ({
    spawns: [order],
    writes: new Map([[mainPath, [declared]]]),
  }));
  const refusal = refused.find(({ kind, to }) => kind === "spawn" && to === url);
  if (refusal) throw new SkeinError(refusal.code, refusal.message);
  return { url, send: (message) => buffer.send(url, message) };
}
