export { type Connection } from "./connection.ts";
export { type QueuedPrompt } from "./coder-state.ts";
export { browserEnvironment, type Environment } from "./environment.ts";
export { netDiff, type NetDiff } from "./overview/net-diff.ts";
export { type NetLine } from "./overview/net-lines.ts";
export {
  type Change,
  type ChangedFile,
  type CommandRun,
  type Overview,
  type RowAt,
  type ToolSpan,
  type Turn,
} from "./overview/overview.ts";
export { type OverviewView } from "./overview/scan.ts";
export { type LogRowsView, useLogRows } from "./overview/use-log-rows.ts";
export { useOverview } from "./overview/use-overview.ts";
export { type Outgoing, type OutgoingPrompt } from "./outbox.ts";
export { SkeinProvider, useSkein, type Skein, type SkeinProviderProps } from "./provider.tsx";
export { type SessionPhase, type SessionView } from "./session-view.ts";
export { type SessionsView } from "./sessions-store.ts";
export {
  type ToolItem,
  type ToolState,
  type TranscriptItem,
  type TranscriptItemKind,
  transcriptItems,
} from "./transcript-items.ts";
export { forkTree, type ForkNode, type ForkTree } from "./fork-tree.ts";
export { type LogRow } from "./log-window.ts";
export { useUpload } from "./use-upload.ts";
export { useBlob, type BlobView } from "./use-blob.ts";
export { useCoder, type CoderActions, type PermissionDecision } from "./use-coder.ts";
export { useCodingSession, type CodingSession } from "./use-coding-session.ts";
export { useConnection, useSessions } from "./use-sessions.ts";
export { type StateRow, type StateRows, type StateShape } from "./state-rows.ts";
export { type StatePhase } from "./state-store.ts";
export { useEntity, type EntityActions, type EntityView } from "./use-entity.ts";
export { useForks } from "./use-forks.ts";
export { useRenameSession } from "./use-rename-session.ts";
export { useNeedsYou, type Need } from "./use-needs-you.ts";
export { useSharedState, type SharedStateView } from "./use-shared-state.ts";
export { useSharedSession, type GuestSession } from "./use-shared-session.ts";
export { type StateStreamOptions } from "./use-state-stream.ts";
