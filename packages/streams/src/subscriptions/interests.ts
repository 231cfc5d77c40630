import type { Store } from "@skein/store";
import { matches, segmentsOf } from "./glob.ts";
import type { EpochRecord, InterestRecord } from "./records.ts";

/**
 * Who wants to know of a path: a fold of the interests' records, kept in memory so that an append to a stream which
 * nobody subscribes to asks nobody. It may be old by at most `MAX_AGE_MS`: additions are told by a number that only
 * grows; removals may be told late, since a mark for what is gone is taken away by whoever meets it.
 */
export interface InterestIndex {
  /** Makes sure that the index is not older than it may be. Resolves at once, without a promise, when it is not. */
  ensure(): Promise<void> | undefined;
  /** Reads what is new now. */
  refresh(): Promise<void>;
  match(path: string): readonly Interest[];
  /** Grows with every addition that was read. */
  readonly adds: number;
}

export type Interest = Pick<InterestRecord, "id" | "uid">;

export const MAX_AGE_MS = 1000;
/** A removal reads everything anew, so at most this often. */
const RELOAD_MS = 10_000;
const PAGE = 1000;

interface Node {
  readonly children: Map<string, Node>;
  /** Paths that end here. */
  readonly paths: Map<string, Interest>;
  /** Patterns whose literal part ends here, with what follows it. */
  readonly globs: Map<string, { readonly interest: Interest; readonly rest: readonly string[] }>;
}

export function createInterestIndex(store: Store, clock: () => number, signal?: AbortSignal): InterestIndex {
  let root = newNode();
  let epoch: EpochRecord = { adds: 0, removes: 0 };
  let reloadedAt = -Infinity;
  let freshAt = -Infinity;
  let running: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const startedAt = clock();
    const now = (await store.getRecord<EpochRecord>("ds_epoch", "interests"))?.value ?? { adds: 0, removes: 0 };
    const reload = now.removes !== epoch.removes && startedAt - reloadedAt >= RELOAD_MS;
    const from = reload ? 0 : epoch.adds + 1;
    if (now.adds >= from) {
      const next = reload ? newNode() : root;
      await fold(store, next, from);
      root = next;
    } else if (reload) root = newNode();
    epoch = { adds: Math.max(now.adds, epoch.adds), removes: reload ? now.removes : epoch.removes };
    if (reload) reloadedAt = startedAt;
    freshAt = startedAt;
  };
  const refresh = async (): Promise<void> => {
    // One that began before the call may have read too early.
    if (running !== undefined) await running.catch(() => undefined);
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
  // Mostly the store tells of a change at once; a hint may come late, so the index is asked for its age all the same.
  const unwatch = store.watchCollection("ds_epoch", () => {
    freshAt = -Infinity;
  });
  signal?.addEventListener("abort", unwatch, { once: true });
  return {
    ensure: () => (clock() - freshAt <= MAX_AGE_MS ? undefined : (running ?? refresh())),
    refresh,
    match: (path) => find(root, path),
    get adds() {
      return epoch.adds;
    },
  };
}

async function fold(store: Store, root: Node, from: number): Promise<void> {
  for (let after: string | undefined; ;) {
    const page = await store.queryRecords<InterestRecord>({
      collection: "ds_interests",
      index: "bySeq",
      from,
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    for (const { id, value } of page.records) add(root, id, value);
    if (page.next === undefined) return;
    after = page.next;
  }
}

function newNode(): Node {
  return { children: new Map(), paths: new Map(), globs: new Map() };
}

function add(root: Node, key: string, { id, uid, kind, text }: InterestRecord): void {
  const segments = segmentsOf(text);
  const wild = kind === "path" ? -1 : segments.findIndex((segment) => segment === "*" || segment === "**");
  const literal = wild < 0 ? segments : segments.slice(0, wild);
  let node = root;
  for (const segment of literal) {
    const child = node.children.get(segment) ?? newNode();
    node.children.set(segment, child);
    node = child;
  }
  const interest: Interest = { id, uid };
  if (wild < 0) node.paths.set(key, interest);
  else node.globs.set(key, { interest, rest: segments.slice(wild) });
}

/** Walks down the path: what it costs is its depth and the patterns whose literal part it has. */
function find(root: Node, path: string): readonly Interest[] {
  if (root.children.size === 0 && root.globs.size === 0) return NOBODY;
  const segments = segmentsOf(path);
  const found = new Map<string, Interest>();
  let node: Node | undefined = root;
  for (let depth = 0; node !== undefined; depth += 1) {
    for (const { interest, rest } of node.globs.values()) {
      if (!found.has(interest.uid) && matches(rest, segments.slice(depth))) found.set(interest.uid, interest);
    }
    const segment: string | undefined = segments[depth];
    if (segment === undefined) {
      for (const interest of node.paths.values()) found.set(interest.uid, interest);
      break;
    }
    node = node.children.get(segment);
  }
  return found.size === 0 ? NOBODY : [...found.values()];
}

const NOBODY: readonly Interest[] = [];
