import { join } from "node:path";
import { agentName } from "@skein/sessions";
import { z } from "zod";
import { readIfThere } from "./private-file.ts";

/**
 * `agents.json` in the home: agents that speak ACP, set up by the person. A command is a list of words and no shell
 * reads it; who may write the file may run programs, as with any of the home's files.
 */
const agentsFile = z.strictObject({
  agents: z.record(
    agentName,
    z.strictObject({
      command: z.tuple([z.string().min(1)], z.string()),
      name: z.string().min(1).max(80).optional(),
      passEnvironment: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).optional(),
    }),
  ),
});
export type AgentsFile = z.infer<typeof agentsFile>;

/** Nothing when there is no such file; throws when it is not understood, with what is wrong. */
export async function readAgentsFile(folder: string): Promise<AgentsFile> {
  const path = join(folder, "agents.json");
  const text = await readIfThere(path);
  if (text === undefined) return { agents: {} };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not JSON: ${cause instanceof Error ? cause.message : "it cannot be parsed"}`, {
      cause,
    });
  }
  const parsed = agentsFile.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Error(`${path} is not understood:\n${z.prettifyError(parsed.error)}`);
}
