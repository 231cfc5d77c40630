import type { Session } from "@skein/protocol";

/** A session among those that it belongs with. `session` is absent while it is being read, `null` when it is gone. */
export interface ForkNode {
  readonly id: string;
  readonly session: Session | null | undefined;
  /** Where it left its origin: the offset behind the last message that both have. Absent at the root. */
  readonly at: string | undefined;
  /** In the order in which they were made. */
  readonly forks: readonly ForkNode[];
}

export interface ForkTree {
  readonly root: ForkNode;
  /** Sessions that are needed for more of it. */
  readonly missing: readonly string[];
  /** There is more of it than is shown. */
  readonly cut: boolean;
}

/** `undefined`: not read yet. `null`: not there, or not for this reader. */
export type Lookup = (id: string) => Session | null | undefined;

const MAX_SESSIONS = 200;
const MAX_ANCESTORS = 50;

/** The tree of sessions that one belongs to, as far as they are known: up by origins, down by forks. Pure. */
export function forkTree(id: string, lookup: Lookup): ForkTree {
  const missing = new Set<string>();
  const seen = new Set<string>();
  let cut = false;
  const node = (of: string, at: string | undefined): ForkNode => {
    seen.add(of);
    const session = lookup(of);
    if (session === undefined) missing.add(of);
    const forks: ForkNode[] = [];
    for (const fork of [...(session?.forks ?? [])].sort((a, b) => a.createdAt - b.createdAt)) {
      if (seen.has(fork.session)) continue;
      if (seen.size >= MAX_SESSIONS) cut = true;
      else forks.push(node(fork.session, fork.offset));
    }
    if (session?.forkCount !== undefined && session.forkCount > (session.forks?.length ?? 0)) cut = true;
    return { id: of, session, at, forks };
  };
  const root = rootOf(id, lookup);
  const tree = node(root.id, undefined);
  return { root: tree, missing: [...missing], cut: cut || root.cut };
}

function rootOf(id: string, lookup: Lookup): { readonly id: string; readonly cut: boolean } {
  const seen = new Set([id]);
  let current = id;
  for (;;) {
    const origin = lookup(current)?.forkedFrom?.session;
    // What an origin says of itself is not known when it is gone: the tree begins below it then.
    if (origin === undefined || seen.has(origin) || lookup(origin) === null) return { id: current, cut: false };
    if (seen.size >= MAX_ANCESTORS) return { id: current, cut: true };
    seen.add(origin);
    current = origin;
  }
}
