import type { ChangeEvent, Claim } from "@skein/protocol";
import { ENTITY_EVENTS, formatOffset, SkeinError } from "@skein/protocol";
import type { StreamEvent } from "../client/index.ts";
import { isChangeEvent, positionOf } from "../client/index.ts";
import type { HandlerContext, Wake } from "../context.ts";
import type { RegisteredType } from "../registry.ts";
import type { ClaimChannel } from "../runner/claim-channel.ts";
import type { Log } from "../runner/log.ts";
import type { ClaimDeps } from "../runner/run-claim.ts";
import { encodeCheckpoint, isWorthSaving, mayBeSaved, trimFold } from "./checkpoint.ts";
import { createCommitter, type Committer } from "./committer.ts";
import { createContext } from "./create-context.ts";
import { createInput } from "./input.ts";
import { keepOfMain, TRIMMED } from "./main-stream.ts";
import { createObservations } from "./observations.ts";
import { createEntityObserver } from "./observe-entities.ts";
import { openView } from "./open-view.ts";
import { createRuns, type Runs } from "./runs.ts";
import { createSharedStates } from "./shared-states.ts";
import type { StreamView } from "./stream-view.ts";
import { createTagView } from "./tag-view.ts";
import { createTails } from "./tails.ts";
import { rowsOf } from "./warm-cache.ts";
import { createWriteBuffer, type WriteBuffer } from "./write-buffer.ts";

/** What a claim's handler works with: made when the claim comes, closed when it is released or lost. */
export interface OpenHandler {
  readonly wake: Wake;
  readonly main: string;
  readonly buffer: WriteBuffer;
  readonly committer: Committer;
  readonly runs: Runs;
  context(args: unknown): HandlerContext;
  /** The offset to acknowledge now. */
  ack(): string;
  /** Keeps checkpoints of what has much that is new, for the next cold start. Never rejects. */
  checkpoint(): Promise<void>;
  /** Ends reading, refuses what is written from now on, and keeps the folds warm for the next time. */
  close(): void;
}

export interface OpenHandlerOptions {
  readonly claim: Claim;
  readonly type: Pick<RegisteredType, "state" | "actions" | "remember">;
  readonly deps: ClaimDeps;
  readonly channel: ClaimChannel;
  readonly signal: AbortSignal;
  /** Called after each commit. */
  readonly onProgress: () => void;
  /** The entity has ended. */
  readonly lose: (error: SkeinError) => void;
}

export async function openHandler(options: OpenHandlerOptions): Promise<OpenHandler> {
  const { claim, deps, channel, signal, lose } = options;
  const { state, actions, remember } = options.type;
  const { client, clock, cache, log } = deps;
  const { url, streams } = claim.entity;
  const from = positionOf(claim.from);
  const tags = createTagView(claim.entity.tags);
  const onLog: ((event: StreamEvent, position: number) => void)[] = [(event) => tags.onLog(event)];
  const shape = JSON.stringify([Object.values(state).map(({ type }) => type), remember]);
  const main = await openView({
    client,
    clock,
    path: streams.main,
    keep: keepOfMain(state),
    trimmed: remember === undefined ? undefined : (type) => TRIMMED.has(type),
    signal,
    shape,
    warm: cache.take(streams.main, shape),
    checkpoint: mayBeSaved(from) ? () => channel.readCheckpoint(streams.main) : undefined,
    onLog(event, position) {
      if (isChangeEvent(event) && event.type === ENTITY_EVENTS.ended) {
        lose(new SkeinError("entity_ended", `${url} was ended.`));
      }
      for (const listener of onLog) listener(event, position);
    },
  });

  if (remember !== undefined) trimFold(main.fold, TRIMMED, remember, from);

  const taken = deps.taken.get(url) ?? new Set<string>();
  const onListenerError = (error: unknown): void => log("error", `${url}: a listener threw: ${String(error)}`);
  const input = createInput({ view: main, from, firstWake: from === 0, taken, onListenerError });
  onLog.push((event, position) => input.onLog(event, position));

  const buffer = createWriteBuffer();
  const writeMain = (event: ChangeEvent): void => {
    main.write(event);
    buffer.write(main.path, event);
  };
  const runs = createRuns({ entity: url, generation: claim.generation, clock, write: writeMain, trace: deps.trace });
  const tails = createTails({ client, clock, log, main, onMainGone: lose });
  const tail = tails.add;
  const observations = createObservations({ main, wake: input.wake, writeMain });
  const shared = createSharedStates({
    client,
    clock,
    channel,
    buffer,
    main,
    writeMain,
    cache,
    observations,
    async touch(path) {
      await committer.commit(() => ({ writes: new Map([[path, []]]) }));
    },
    signal,
    tail,
  });
  const committer = createCommitter({
    channel,
    buffer,
    viewOf: (stream) => (stream === main.path ? main : shared.viewOf(stream)),
    onCommitted(batch) {
      shared.onCommitted(batch);
      options.onProgress();
    },
  });
  const entities = createEntityObserver({
    client,
    clock,
    cache,
    observations,
    signal,
    tail,
    send: (to, message) => buffer.send(to, message),
    flush: () => committer.flush(),
  });

  const writing = { writeMain, buffer, committer, runs, tags };
  const reading = { main, input, shared, entities, observations };
  const parts = { claim, client, state, actions, signal, ...reading, ...writing };
  return {
    wake: input.wake,
    main: main.path,
    buffer,
    committer,
    runs,
    context: (args) =>
      createContext({
        ...parts,
        args,
        log: (level, text, fields) => log(level, `${url}: ${text}`, fields),
      }),
    ack: () => formatOffset(input.ack()),
    async checkpoint() {
      for (const read of [{ view: main, shape }, ...shared.readable()]) await saveCheckpoint(read, channel, log);
    },
    close() {
      committer.close(new SkeinError("fenced", `The handler of ${url} has ended: its claim is released.`));
      tails.close();
      shared.close();
      entities.close();
      cache.put(main.path, shape, { fold: main.fold, saved: main.saved });
      if (taken.size > 0) deps.taken.set(url, taken);
      else deps.taken.delete(url);
    },
  };
}

async function saveCheckpoint(
  { view, shape }: { readonly view: StreamView; readonly shape: string },
  channel: ClaimChannel,
  log: Log,
): Promise<void> {
  const { fold, path } = view;
  if (!isWorthSaving(fold, view.saved)) return;
  const { position } = fold;
  const rows = rowsOf(fold);
  const bytes = encodeCheckpoint(fold, shape);
  try {
    if (bytes) await channel.saveCheckpoint(path, formatOffset(position), bytes);
    else log("debug", `${path} has too much for a checkpoint: a cold start reads all of it.`);
    view.saved = { position, rows };
  } catch (error) {
    log("debug", `No checkpoint of ${path} was kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
