import type { Store, StreamInfo } from "@skein/store";
import { modeOf } from "./content-type.ts";
import type { ForkRequest, Lifetime } from "./write-headers.ts";

/**
 * Where a fork leaves its source. A sub-offset goes into what follows the fork's offset: messages of a JSON stream,
 * where it is simply a later position, and bytes of any other, whose first part becomes the fork's own first message.
 */
export interface ForkPlan {
  readonly source: StreamInfo;
  readonly position: number;
  /** The part of a message of the source that the fork begins with. */
  readonly prefix: Uint8Array | undefined;
  readonly lifetime: Lifetime;
  readonly contentType: string;
}

export interface ForkSource {
  readonly stream: StreamInfo;
  /** The message at the fork's offset, when the sub-offset needs it. */
  readonly at: Uint8Array | undefined;
}

export async function readForkSource(store: Store, path: string, fork: ForkRequest): Promise<ForkSource | undefined> {
  const stream = await store.getStream(path);
  if (stream === undefined) return undefined;
  if (fork.subOffset === 0 || fork.position === undefined || modeOf(stream.contentType) === "json") {
    return { stream, at: undefined };
  }
  const outcome = await store.readStream(path, { from: fork.position, limit: 1 });
  return { stream, at: outcome.kind === "read" ? outcome.messages[0]?.body : undefined };
}

export function planFork(
  source: StreamInfo,
  at: Uint8Array | undefined,
  fork: ForkRequest,
  asked: Lifetime,
): ({ kind: "fork" } & ForkPlan) | { kind: "out-of-range" } {
  const position = fork.position ?? source.head;
  if (position > source.head) return { kind: "out-of-range" };
  const common = {
    kind: "fork" as const,
    source,
    contentType: source.contentType,
    lifetime: lifetimeOf(source, asked),
  };
  if (fork.subOffset === 0) return { ...common, position, prefix: undefined };
  if (modeOf(source.contentType) === "json") {
    if (fork.subOffset > source.head - position) return { kind: "out-of-range" };
    return { ...common, position: position + fork.subOffset, prefix: undefined };
  }
  if (at === undefined || fork.subOffset > at.length) return { kind: "out-of-range" };
  if (fork.subOffset === at.length) return { ...common, position: position + 1, prefix: undefined };
  return { ...common, position, prefix: at.slice(0, fork.subOffset) };
}

/** A fork lives as long as it is asked to, or begins with what its source was given. */
function lifetimeOf(source: StreamInfo, asked: Lifetime): Lifetime {
  if (asked.ttlSeconds !== undefined || asked.expiresAt !== undefined) return asked;
  if (source.ttlSeconds !== undefined) return { ttlSeconds: source.ttlSeconds };
  return source.expiresAt === undefined ? {} : { expiresAt: source.expiresAt };
}

/** Whether the stream that is there is what the request asks for: the same fork, or none. */
export async function sameFork(
  store: Store,
  stream: StreamInfo,
  plan: ForkPlan | undefined,
  asked: ForkRequest | undefined,
): Promise<boolean> {
  if (plan === undefined) return stream.forkedFrom === undefined;
  if (stream.forkedFrom?.path !== plan.source.path) return false;
  // Without an offset it was forked at the tail of that time, wherever the tail is now.
  if (asked?.position === undefined) return true;
  if (stream.forkedFrom.position !== plan.position) return false;
  if (plan.prefix === undefined) return true;
  const outcome = await store.readStream(stream.path, { from: plan.position, limit: 1 });
  const own = outcome.kind === "read" ? outcome.messages[0]?.body : undefined;
  return own !== undefined && Buffer.compare(own, plan.prefix) === 0;
}
