import type { Entity } from "@skein/protocol";
import { CODER_RESOURCE_TAG, coderArgs, sessionIdOf } from "@skein/sessions";

/**
 * The session that an entity drives; `undefined` when it is no coder. A coder that has not run yet has no tag: its
 * session is the one that its arguments name, or has its own id.
 */
export function sessionOf({ type, id, tags, args }: Pick<Entity, "type" | "id" | "tags" | "args">): string | undefined {
  const resource = tags[CODER_RESOURCE_TAG];
  if (resource !== undefined) return sessionIdOf(resource);
  if (type !== "coder") return undefined;
  const parsed = coderArgs.safeParse(args);
  return (parsed.success ? parsed.data.resource : undefined) ?? id;
}
