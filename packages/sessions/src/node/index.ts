export {
  discoverClaudeSessions,
  type DiscoveredSession,
  type Discovery,
  type DiscoverOptions,
  findClaudeSession,
  type SkippedFile,
} from "./claude/discover.ts";
export { loadClaudeSession } from "./claude/load.ts";
export { readClaudeSession, type ReadOptions, type ReadRecord } from "./claude/read.ts";
export { type Inspection, inspectSession } from "./inspect.ts";
