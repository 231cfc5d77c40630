import type { DiscoveredSession, Discovery } from "@skein/sessions/node";
import type { ListLook } from "./list-entities.ts";
import { LONGEST_TITLE, renderTable } from "./table.ts";
import { ago, size } from "./time.ts";

export function renderDiscovery({ sessions, skipped, more }: Discovery, { width, now, style }: ListLook): string[] {
  const odd = skipped.filter(({ reason }) => reason === "unreadable" || reason === "not-a-session");
  const notes = [
    ...(more ? ["There are more: narrow with --search or raise --limit."] : []),
    ...(odd.length === 0 ? [] : [`${odd.length} files could not be read as sessions; --json names them.`]),
  ].map((note) => style.dim(note));
  if (sessions.length === 0) return ["No sessions of an agent were found on this machine.", ...notes];
  const [head = "", ...lines] = renderTable(
    [
      { title: "AGENT" },
      { title: "SESSION" },
      { title: "UPDATED" },
      { title: "SIZE" },
      { title: "TITLE", flexible: true, longest: LONGEST_TITLE },
      { title: "DIRECTORY", flexible: true },
    ],
    sessions.map((session) => [
      session.agent,
      session.id,
      ago(session.updatedAt, now),
      size(session.sizeBytes),
      titleOf(session),
      session.cwd ?? "",
    ]),
    width,
  );
  return [style.dim(head), ...lines, ...notes];
}

function titleOf({ title, firstPrompt }: DiscoveredSession): string {
  return title ?? firstPrompt ?? "";
}
