import type { PushMessage, Session } from "@skein/protocol";

/** A message, what it is about, and a key: who has sent one under it has sent it for all. */
export interface Due {
  readonly about: "needs" | "finished";
  readonly key: string;
  readonly message: PushMessage;
}

/** What is remembered of a session between two looks. */
export type Seen = Pick<Session, "status" | "turns"> & { readonly pending: ReadonlySet<string> };

export function seen({ status, turns, pending }: Session): Seen {
  return { status, turns, pending: new Set(pending.map(({ requestId }) => requestId)) };
}

const MAX_TITLE = 80;
const MAX_BODY = 140;

/** What a person is to be told of the change from `before` to `now`. A session that was not known yet is new. */
export function messagesFor(before: Seen | undefined, now: Session): readonly Due[] {
  const due: Due[] = [];
  for (const request of now.pending) {
    if (before?.pending.has(request.requestId)) continue;
    const what = request.title ?? (request.kind === "question" ? "Asks a question" : `Wants to use ${request.tool}`);
    due.push({ about: "needs", key: `needs:${request.requestId}`, message: message(now, what) });
  }
  if (before !== undefined && now.turns > before.turns && (now.status === "idle" || now.status === "error")) {
    const failed = now.status === "error";
    const what = failed ? `Failed: ${now.error?.message ?? "the turn"}` : (now.lastLine ?? "Finished");
    due.push({ about: failed ? "needs" : "finished", key: `turn:${now.turns}`, message: message(now, what) });
  }
  return due;
}

function message({ id, title }: Session, body: string): PushMessage {
  return {
    title: cut(title || "A session", MAX_TITLE),
    body: cut(body, MAX_BODY),
    url: `/s/${encodeURIComponent(id)}`,
    tag: id,
  };
}

/** One line without what could turn or hide it: it stands beside other programs' messages. */
function cut(text: string, most: number): string {
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
