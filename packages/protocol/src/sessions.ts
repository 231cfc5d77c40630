import { z } from "zod";
import { sessionFork, sessionOrigin } from "./forks.ts";

/**
 * A coding session as the list of sessions shows it: a projection that the server keeps in the same commit as the
 * rows it is made from. `GET /_skein/sessions` and the `session` events of the directory stream. Times are
 * milliseconds since 1970.
 */
export const sessionStatus = z.enum(["initializing", "idle", "running", "waiting", "error", "killed"]);
export type SessionStatus = z.infer<typeof sessionStatus>;

export const session = z.looseObject({
  id: z.string(),
  /** The resource's stream. */
  resource: z.string(),
  /** URL of the coder that drives it. */
  coder: z.string(),
  title: z.string(),
  agent: z.string(),
  cwd: z.string(),
  /** What the directory has checked out, as of the last turn. */
  branch: z.string().optional(),
  model: z.string().optional(),
  machine: z.string().optional(),
  permissionMode: z.string(),
  status: sessionStatus,
  statusSince: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** What waits for a person. */
  pending: z.array(
    z.object({
      requestId: z.string(),
      kind: z.enum(["permission", "question"]),
      tool: z.string().optional(),
      title: z.string().optional(),
    }),
  ),
  lastLine: z.string().optional(),
  createdAt: z.number(),
  lastActivityAt: z.number(),
  forkedFrom: sessionOrigin.optional(),
  /** Its forks, the newest of them; `forkCount` counts all. */
  forks: z.array(sessionFork).optional(),
  forkCount: z.number().optional(),
  costUsd: z.number().optional(),
  turns: z.number(),
});
export type Session = z.infer<typeof session>;

/** A page of a list. `next` is passed as `after`; `offset` is where to follow the directory stream from. */
export const sessionPage = z.object({ sessions: z.array(session), next: z.string().optional(), offset: z.string() });
export type SessionPage = z.infer<typeof sessionPage>;
