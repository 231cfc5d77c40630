import type { Session } from "@skein/protocol";

/** Every word must be somewhere in what the row shows. */
export function matchesFilter(session: Session, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { title, agent, cwd, model = "", machine = "", status, lastLine = "", id } = session;
  const text = [title, agent, cwd, model, machine, status, lastLine, id].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What a list can be narrowed by, beside words. */
export const FACETS = ["agent", "status", "machine"] as const;
export type Facet = (typeof FACETS)[number];
export type Narrowed = Readonly<Partial<Record<Facet, string>>>;

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** The values of a facet and how many sessions have each, the most frequent first. One value alone narrows nothing. */
export function facetValues(sessions: readonly Session[], facet: Facet): readonly FacetValue[] {
  const counts = new Map<string, number>();
  for (const session of sessions) {
    const value = session[facet];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  if (counts.size < 2) return [];
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

export function matchesFacets(session: Session, narrowed: Narrowed): boolean {
  return FACETS.every((facet) => narrowed[facet] === undefined || session[facet] === narrowed[facet]);
}

/** What waits for a person: open requests first, then failed turns. */
export function needsYou(sessions: readonly Session[]): readonly Session[] {
  const asking = sessions.filter(({ status, pending }) => status === "waiting" && pending.length > 0);
  return [...asking, ...sessions.filter(({ status }) => status === "error")];
}
