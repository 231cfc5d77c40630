import { z } from "zod";

/**
 * One event of a state stream, in the form of the public State Protocol (`@durable-streams/state`), so that
 * StreamDB and other published clients fold our streams. `type` names the collection's events, `key` the row.
 */
export const changeOperation = z.enum(["insert", "update", "upsert", "delete"]);
export type ChangeOperation = z.infer<typeof changeOperation>;

export const changeEvent = z.looseObject({
  type: z.string().min(1).max(128),
  key: z.string().min(1).max(512),
  value: z.unknown().optional(),
  old_value: z.unknown().optional(),
  headers: z.looseObject({
    operation: changeOperation,
    /** When the server took it, ISO 8601. For people; order comes from the log. */
    timestamp: z.string().optional(),
    /** Who acted, stamped by the server. */
    principal: z.string().optional(),
  }),
});
export type ChangeEvent = z.infer<typeof changeEvent>;
