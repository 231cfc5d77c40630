import type { Session } from "@skein/protocol";

/** Every word must be somewhere in what the row shows. */
export function matchesFilter(session: Session, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { title, agent, cwd, model = "", machine = "", status, lastLine = "", id } = session;
  const text = [title, agent, cwd, model, machine, status, lastLine, id].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What waits for a person: open requests first, then failed turns. */
export function needsYou(sessions: readonly Session[]): readonly Session[] {
  const asking = sessions.filter(({ status, pending }) => status === "waiting" && pending.length > 0);
  return [...asking, ...sessions.filter(({ status }) => status === "error")];
}
