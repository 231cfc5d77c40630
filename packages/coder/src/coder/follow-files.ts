import { stat } from "node:fs/promises";
import type { Entity, Message } from "@skein/protocol";
import { coderArgs } from "@skein/sessions";
import type { NativeSessions } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { NATIVE_SESSION_TAG } from "./state.ts";

/**
 * Sees when somebody else writes to a session that is open here – a turn in a terminal – and wakes its coder, which
 * brings in what is new. Costs one look at a file per session and tick, holds no claim, and wakes nobody for what the
 * coder itself has seen. A wake has the file's state as its key, so one that was sent before a restart is not sent
 * again.
 */
export interface FileFollower {
  /** A pass of the coder begins: whatever is written now is seen by it. */
  begin(url: string): void;
  /** The pass is over, and this is the file as it left it. */
  end(url: string, file: FollowedFile | undefined): void;
  start(): void;
  stop(): void;
  /** How often it has looked. */
  looks(): number;
}

export interface FollowedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  /** What is written until then is of the coder's own turn. */
  readonly ownUntil?: number | undefined;
}

export type FollowedCoder = Pick<Entity, "url" | "args" | "status" | "tags" | "updatedAt">;

export interface FollowDeps {
  readonly clock: Clock;
  readonly listCoders: () => Promise<readonly FollowedCoder[]>;
  readonly sessionsOf: (agent: string) => Pick<NativeSessions, "find"> | undefined;
  readonly send: (url: string, message: Message) => Promise<unknown>;
  readonly everyMs?: number | undefined;
}

interface Followed {
  file: FollowedFile;
  /** The state that was seen at the last look, while it differs from what the coder knows. */
  seen: { readonly sizeBytes: number; readonly updatedAt: number; readonly since: number } | undefined;
  /** Told as it was written, perhaps in the middle of a turn: told once more when it has been quiet. */
  unsettled: boolean;
}

const EVERY_MS = 1000;
const LIST_EVERY_MS = 10_000;
/** A file that does not stop growing is read now and then all the same. */
const GROWING_MS = 10_000;
/** After that nobody is taken to be writing any more. */
export const QUIET_MS = 30_000;
const MAX_FOLLOWED = 2000;
/** Looking for a session may be looking through all of them. */
const MAX_SEARCHES = 10;

export function createFileFollower(deps: FollowDeps): FileFollower {
  const { clock, everyMs = EVERY_MS } = deps;
  const followed = new Map<string, Followed>();
  const busy = new Set<string>();
  /** Attached sessions whose file was not found; asked again at the next list. */
  let listedAt = Number.NEGATIVE_INFINITY;
  let stopped = true;
  let cancel = (): void => {};
  let looks = 0;

  async function list(): Promise<void> {
    const coders = await deps.listCoders();
    const alive = new Set(coders.filter(({ status }) => status !== "killed").map(({ url }) => url));
    for (const url of followed.keys()) if (!alive.has(url)) followed.delete(url);
    let searches = 0;
    for (const coder of coders) {
      if (followed.has(coder.url) || busy.has(coder.url) || !alive.has(coder.url)) continue;
      if (followed.size >= MAX_FOLLOWED || searches >= MAX_SEARCHES) return;
      const attached = attachedTo(coder);
      if (attached === undefined) continue;
      searches += 1;
      const file = await deps.sessionsOf(attached.agent)?.find(attached.id);
      if (file === undefined) continue;
      // Not known what the coder has of it: it has what was there when it rested last.
      const isOld = file.updatedAt <= coder.updatedAt;
      const known = isOld ? { sizeBytes: file.sizeBytes, updatedAt: file.updatedAt } : { sizeBytes: 0, updatedAt: 0 };
      followed.set(coder.url, { file: { path: file.path, ...known }, seen: undefined, unsettled: false });
    }
  }

  async function look(url: string, entry: Followed): Promise<void> {
    const found = await stat(entry.file.path).catch(() => undefined);
    // While it was looked at, a pass may have begun or ended.
    if (busy.has(url) || followed.get(url) !== entry) return;
    if (found === undefined) return void followed.delete(url);
    const now = clock.now();
    const state = { sizeBytes: found.size, updatedAt: found.mtimeMs };
    if (isKnown(entry.file, state)) {
      if (!entry.unsettled || now - state.updatedAt < QUIET_MS) return;
      entry.unsettled = false;
      return tell(url, entry, state, "settled");
    }
    const { seen } = entry;
    entry.seen = { ...state, since: seen?.since ?? now };
    const isStill = seen?.sizeBytes === state.sizeBytes && seen.updatedAt === state.updatedAt;
    if (!isStill && now - entry.seen.since < GROWING_MS) return;
    entry.seen = undefined;
    entry.unsettled = true;
    entry.file = { path: entry.file.path, ...state };
    return tell(url, entry, state, "grown");
  }

  async function tell(
    url: string,
    { file }: Followed,
    { sizeBytes, updatedAt }: Pick<FollowedFile, "sizeBytes" | "updatedAt">,
    why: "grown" | "settled",
  ): Promise<void> {
    const idempotencyKey = `catch-up:${file.path}:${String(sizeBytes)}:${String(updatedAt)}:${why}`.slice(-256);
    await deps.send(url, { type: "catch_up", payload: {}, idempotencyKey });
  }

  async function tick(): Promise<void> {
    if (clock.now() - listedAt >= LIST_EVERY_MS) {
      await list();
      listedAt = clock.now();
    }
    for (const [url, entry] of followed) {
      if (stopped) return;
      if (!busy.has(url)) await look(url, entry);
    }
  }

  function schedule(): void {
    // A server that cannot be reached is told the next time.
    if (!stopped) cancel = clock.after(everyMs, () => void tick().then(again, again));
  }
  function again(): void {
    schedule();
    looks += 1;
  }

  return {
    begin(url) {
      busy.add(url);
    },
    end(url, file) {
      busy.delete(url);
      const { unsettled = false } = followed.get(url) ?? {};
      if (file === undefined) followed.delete(url);
      else if (followed.size < MAX_FOLLOWED || followed.has(url))
        followed.set(url, { file, seen: undefined, unsettled });
    },
    start() {
      stopped = false;
      schedule();
    },
    stop() {
      stopped = true;
      cancel();
    },
    looks: () => looks,
  };
}

function isKnown(file: FollowedFile, { sizeBytes, updatedAt }: Pick<FollowedFile, "sizeBytes" | "updatedAt">): boolean {
  if (file.ownUntil !== undefined && updatedAt <= file.ownUntil) return true;
  return file.sizeBytes === sizeBytes && file.updatedAt === updatedAt;
}

function attachedTo({ args, tags }: FollowedCoder): { agent: string; id: string } | undefined {
  const parsed = coderArgs.safeParse(args ?? {});
  if (!parsed.success || parsed.data.nativeSessionId === undefined) return undefined;
  return { agent: parsed.data.agent, id: tags[NATIVE_SESSION_TAG] ?? parsed.data.nativeSessionId };
}
