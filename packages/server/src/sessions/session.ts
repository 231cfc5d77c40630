import type { Session } from "@skein/protocol";

/** The projection as it is stored: the wire's session, and how sure its title is. */
export interface SessionRecord extends Session {
  /** A title taken from the first prompt gives way to one that was given, and any to a person's. */
  readonly titleFrom: "nothing" | "prompt" | "given" | "person";
  /** The turn that is open: what has to be closed when the coder is killed in it. */
  readonly turn?: { readonly promptId: string; readonly runId?: string; readonly row?: string };
}

export function toSession(record: SessionRecord): Session {
  const { titleFrom: _, turn: _t, ...session } = record;
  return session;
}
