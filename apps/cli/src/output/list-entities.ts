import type { Entity, Session } from "@skein/protocol";
import type { Style } from "./style.ts";
import { LONGEST_TITLE, renderTable } from "./table.ts";
import { ago } from "./time.ts";

/** An entity of the directory, and for a coder the session that it drives. */
export interface ListedEntity extends Entity {
  readonly session?: Session;
}

export function joinSessions(entities: readonly Entity[], sessions: readonly Session[]): ListedEntity[] {
  const byCoder = new Map(sessions.map((session) => [session.coder, session]));
  return entities.map((entity) => {
    const session = byCoder.get(entity.url);
    return session === undefined ? entity : { ...entity, session };
  });
}

export interface ListLook {
  readonly width: number;
  readonly now: number;
  readonly style: Style;
}

export function renderEntities(entities: readonly ListedEntity[], { width, now, style }: ListLook): string[] {
  if (entities.length === 0)
    return ['Nothing here yet. Start a session: skein spawn coder "What does this repository do?"'];
  const [head = "", ...lines] = renderTable(
    [
      { title: "ENTITY" },
      { title: "STATUS" },
      { title: "ACTIVE" },
      { title: "TITLE", flexible: true, longest: LONGEST_TITLE },
      { title: "DIRECTORY", flexible: true },
    ],
    entities.map((entity) => [
      entity.url,
      statusOf(entity),
      ago(entity.session?.lastActivityAt ?? entity.updatedAt, now),
      entity.session?.title ?? "",
      entity.session?.cwd ?? "",
    ]),
    width,
  );
  return [style.dim(head), ...lines];
}

/** A coder's status says more than its entity's: what it waits for. */
function statusOf({ session, status }: ListedEntity): string {
  if (session === undefined || status === "killed" || status === "stopped") return status;
  const [first] = session.pending;
  if (first === undefined) return session.status;
  return first.kind === "question" ? "question" : `approve ${first.tool ?? ""}`.trim();
}
