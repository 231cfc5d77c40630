import { join } from "node:path";
import type { DiscoveredSession, Discovery } from "@skein/sessions/node";
import type { CliIo } from "../io.ts";

export const AGENTS = ["claude", "codex"] as const;
export type Agent = (typeof AGENTS)[number];

export interface DiscoverOptions {
  readonly agents: readonly Agent[];
  readonly limit: number;
  readonly search?: string;
}

/** The sessions of these agents on this machine, newest first over all of them. */
export async function discoverSessions(io: CliIo, { agents, ...options }: DiscoverOptions): Promise<Discovery> {
  // Loaded only here: reading the agents' files is no other command's business.
  const { discoverClaudeSessions, discoverCodexSessions } = await import("@skein/sessions/node");
  const wanted = { ...options, signal: io.signal };
  const find: Readonly<Record<Agent, () => Promise<Discovery>>> = {
    claude: () => discoverClaudeSessions({ ...wanted, configDir: folderOf(io, "CLAUDE_CONFIG_DIR", ".claude") }),
    codex: () => discoverCodexSessions({ ...wanted, codexHome: folderOf(io, "CODEX_HOME", ".codex") }),
  };
  return mergeDiscoveries(await Promise.all(agents.map((agent) => find[agent]())), options.limit);
}

export function mergeDiscoveries(found: readonly Discovery[], limit: number): Discovery {
  const sessions = found
    .flatMap((discovery) => discovery.sessions)
    .sort((a: DiscoveredSession, b: DiscoveredSession) => b.updatedAt - a.updatedAt);
  return {
    sessions: sessions.slice(0, limit),
    skipped: found.flatMap((discovery) => discovery.skipped),
    more: sessions.length > limit || found.some(({ more }) => more),
  };
}

/** Where an agent keeps its things: the variable that it reads itself, else its usual folder. */
function folderOf(io: CliIo, variable: string, usual: string): string {
  return io.env[variable] || join(io.homeFolder, usual);
}
