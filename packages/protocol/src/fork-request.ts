import { z } from "zod";
import { message, tags } from "./entities.ts";
import { ENTITY_ID } from "./paths.ts";

/**
 * `POST /{type}/{id}/fork` → 201 entity, or 200 when the same was asked before under this id. `at`: the offset behind
 * the last message of the origin's resource that the fork keeps, or the key of the last row that it keeps, which has to
 * be looked for; absent: all that there is. Every other field is an argument of the fork, over the origin's.
 */
export const forkRequest = z.looseObject({
  id: z.string().regex(ENTITY_ID).optional(),
  at: z.string().min(1).max(512).optional(),
  /** Over the origin's. */
  tags: tags.optional(),
  initialMessage: message.optional(),
});
export type ForkRequest = z.infer<typeof forkRequest>;
