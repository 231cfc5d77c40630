import type { Entity } from "@skein/protocol";
import { coderArgs } from "@skein/sessions";
import { nativeOf } from "./set-up.ts";
import { NATIVE_SESSION_TAG } from "./state.ts";

/** The coder that has each session of an agent, by the agent's session id. */
export type Attachments = ReadonlyMap<string, string>;

type CoderEntity = Pick<Entity, "url" | "args" | "createdAt" | "status" | "tags">;

/** Read from the coders that there are; one that was killed has let go of its session. */
export function attachmentsOf(coders: readonly CoderEntity[], owner: string): Attachments {
  const attached = new Map<string, string>();
  for (const { url, args, createdAt, status, tags } of coders) {
    const parsed = coderArgs.safeParse(args ?? {});
    if (!parsed.success || status === "killed") continue;
    const { id } = nativeOf({ url, args: parsed.data, entity: { createdAt } }, owner);
    attached.set(tags[NATIVE_SESSION_TAG] ?? id, url);
  }
  return attached;
}
