import { z } from "zod";

/** What the coder's runner answers to the calls of this page (docs/design/http.md). */
export const localSession = z.looseObject({
  agent: z.string(),
  id: z.string(),
  title: z.string().optional(),
  cwd: z.string().optional(),
  firstPrompt: z.string().optional(),
  /** Milliseconds since 1970. */
  updatedAt: z.number(),
  sizeBytes: z.number().optional(),
  /** The Skein session that drives it already: its id, or its coder's URL. */
  attachedTo: z.string().optional(),
});
export type LocalSession = z.infer<typeof localSession>;
export const localSessions = z.object({ sessions: z.array(localSession), skipped: z.number().optional() });

export const agentStatus = z.looseObject({
  agent: z.string(),
  installed: z.boolean(),
  version: z.string().optional(),
  signedIn: z.boolean().optional(),
  hint: z.string().optional(),
  /** For people. */
  name: z.string().optional(),
  /** Permission modes that it has. */
  modes: z.array(z.string()).optional(),
  /** Takes words while it works. */
  steers: z.boolean().optional(),
});
export type AgentStatus = z.infer<typeof agentStatus>;
export const agentsStatus = z.object({ agents: z.array(agentStatus) });
