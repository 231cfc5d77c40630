export { discoverClaudeSessions, type DiscoverClaudeOptions, findClaudeSession } from "./claude/discover.ts";
export { loadClaudeSession } from "./claude/load.ts";
export { followClaudeSession, readClaudeSession, type ReadOptions, type ReadRecord } from "./claude/read.ts";
export { discoverCodexSessions, type DiscoverCodexOptions } from "./codex/discover.ts";
export { findCodexSession } from "./codex/find.ts";
export { loadCodexSession, readCodexSession } from "./codex/read.ts";
export type { DiscoveredSession, Discovery, SkippedFile } from "./discovery.ts";
export { type FileNews, watchFile } from "./follow.ts";
export { type Inspection, inspectSession } from "./inspect.ts";
