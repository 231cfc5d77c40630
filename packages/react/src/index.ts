export { type Connection } from "./connection.ts";
export { type QueuedPrompt } from "./coder-state.ts";
export { browserEnvironment, type Environment } from "./environment.ts";
export { type Outgoing } from "./outbox.ts";
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
export { type LogRow } from "./log-window.ts";
export { useBlob, type BlobView } from "./use-blob.ts";
export { useCoder, type CoderActions, type PermissionDecision } from "./use-coder.ts";
export { useCodingSession, type CodingSession } from "./use-coding-session.ts";
export { useConnection, useSessions } from "./use-sessions.ts";
