import type { Entity, InboxRow, Message, RunRow, SignalName, SignalRow, WakeRow } from "@skein/protocol";
import {
  ENTITY_EVENTS,
  inboxRow,
  mainStream,
  manifestRow,
  runRow,
  sharedStateStream,
  signalRow,
  wakeRow,
} from "@skein/protocol";
import { z } from "zod";
import { createFold, type Client, type Fold } from "../client/index.ts";
import type { CollectionDefinition, RowOf, Wake } from "../context.ts";
import { validateSync } from "../schema.ts";
import { shownEntity } from "./server/dispatch.ts";
import type { FakeState } from "./server/state.ts";
import { agentPrincipal, requireEntity } from "./server/state.ts";

/** Rows as they are in the log now, in its order. */
export interface Rows {
  /** Of a collection, as its schema has them; or of an event type, as they are. */
  rows<D extends CollectionDefinition>(collection: D): RowOf<D>[];
  rows(type: string): unknown[];
}

/** An entity as a test sees it: everything is as it is now. */
export interface TestEntity extends Rows {
  readonly url: string;
  readonly record: Entity;
  /** Accepted when it resolves; `world.quiet()` waits until it has been dealt with. */
  send(message: Message): Promise<{ key: string }>;
  signal(name: SignalName, reason?: string): Promise<void>;
  readonly inbox: readonly InboxRow[];
  readonly runs: readonly RunRow[];
  readonly wakes: readonly WakeRow[];
  readonly signals: readonly SignalRow[];
  /** Failures of its handler, and sends that could not be delivered: code and message. */
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  /** URLs of the entities that it made. */
  readonly children: readonly string[];
  /** Messages of its handler that arrived somewhere, in the order in which they were sent to each. */
  readonly sent: readonly { readonly to: string; readonly type?: string; readonly payload: unknown }[];
  /** What was given to each pass of its handler, in order; passes that failed or were lost included. */
  readonly passes: readonly Wake[];
  /** The text that a run has attached. */
  response(runKey: string): string;
}

/** A shared state as a test sees it. */
export interface TestSharedState extends Rows {
  readonly id: string;
  readonly exists: boolean;
  /** Deltas that were sent beside it, in order. */
  readonly live: readonly { readonly type: string; readonly key: string; readonly value?: unknown }[];
}

const errorRow = z.looseObject({ code: z.string(), message: z.string() });
const anyRow = z.record(z.string(), z.unknown());
const runText = z.looseObject({ runId: z.string(), text: z.string() });

export function inspectEntity(
  state: FakeState,
  { url, client, passes }: { readonly url: string; readonly client: Client; readonly passes: () => readonly Wake[] },
): TestEntity {
  const values = (type: string): unknown[] => valuesOf(foldOf(state, mainStream(url)), type);
  const parsed = <T extends z.ZodType>(schema: T, type: string): z.output<T>[] =>
    values(type).map((value) => schema.parse(value));
  return {
    url,
    get record() {
      return shownEntity(requireEntity(state, url));
    },
    async send(message) {
      const { key } = await client.send(url, message);
      return { key };
    },
    async signal(name, reason) {
      await client.signal(url, name, reason);
    },
    rows: rowsOf(values),
    get inbox() {
      return parsed(inboxRow, ENTITY_EVENTS.inbox);
    },
    get runs() {
      return parsed(runRow, ENTITY_EVENTS.run);
    },
    get wakes() {
      return parsed(wakeRow, ENTITY_EVENTS.wake);
    },
    get signals() {
      return parsed(signalRow, ENTITY_EVENTS.signal);
    },
    get errors() {
      return parsed(errorRow, ENTITY_EVENTS.error).map(({ code, message }) => ({ code, message }));
    },
    get children() {
      return parsed(manifestRow, ENTITY_EVENTS.manifest).flatMap((row) => (row.kind === "child" ? [row.url] : []));
    },
    get sent() {
      return sentBy(state, url);
    },
    get passes() {
      return passes();
    },
    response: (runKey) =>
      parsed(runText, ENTITY_EVENTS.runText)
        .filter(({ runId }) => runId === runKey)
        .map(({ text }) => text)
        .join(""),
  };
}

export function inspectSharedState(state: FakeState, id: string): TestSharedState {
  const path = sharedStateStream(id);
  return {
    id,
    get exists() {
      return state.streams.has(path);
    },
    get live() {
      const events = state.streams.get(`${path}/live`)?.events ?? [];
      return events.map(({ type, key, value }) => ({ type, key, ...(value !== undefined && { value }) }));
    },
    rows: rowsOf((type) => valuesOf(foldOf(state, path), type)),
  };
}

function rowsOf(values: (type: string) => unknown[]): Rows["rows"] {
  function rows<D extends CollectionDefinition>(collection: D): RowOf<D>[];
  function rows(type: string): unknown[];
  function rows(of: CollectionDefinition | string): unknown[] {
    if (typeof of === "string") return values(of);
    const { schema, type } = of;
    return values(type).map((value) =>
      schema ? validateSync(schema, value, `A row of ${type}`) : anyRow.parse(value),
    );
  }
  return rows;
}

function foldOf(state: FakeState, path: string): Fold {
  const fold = createFold();
  fold.apply(state.streams.get(path)?.events ?? [], 0);
  return fold;
}

function valuesOf(fold: Fold, type: string): unknown[] {
  return [...fold.rows(type).entries()].map(({ value }) => value);
}

function sentBy(state: FakeState, url: string): TestEntity["sent"] {
  const from = agentPrincipal(url);
  return [...state.entities.keys()].flatMap((to) =>
    valuesOf(foldOf(state, mainStream(to)), ENTITY_EVENTS.inbox)
      .map((value) => inboxRow.parse(value))
      .filter((row) => row.from === from)
      .map(({ type, payload }) => ({ to, ...(type !== undefined && { type }), payload })),
  );
}
