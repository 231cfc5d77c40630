import type { Session } from "@skein/protocol";
import { CliError } from "../failure.ts";

/**
 * Which permission request a person means: the one named (a beginning of its id will do), or the only one there is.
 */
export function choosePermission(session: Session, named: string | undefined): string {
  const waiting = session.pending.filter(({ kind }) => kind === "permission");
  const matches = named === undefined ? waiting : waiting.filter(({ requestId }) => requestId.startsWith(named));
  const [first, second] = matches;
  if (first !== undefined && second === undefined) return first.requestId;
  if (waiting.length === 0) {
    const question = session.pending.some(({ kind }) => kind === "question");
    const hint = question ? { hint: "A question waits: answer it in the web app." } : {};
    throw new CliError("not_found", "No permission request waits in this session.", hint);
  }
  const list = waiting
    .map(({ requestId, tool, title }) => `  ${requestId}  ${title ?? tool ?? ""}`.trimEnd())
    .join("\n");
  throw new CliError(
    named === undefined ? "ambiguous" : "not_found",
    named === undefined ? "Several permission requests wait: name one." : `No waiting request begins with “${named}”.`,
    { hint: list },
  );
}
