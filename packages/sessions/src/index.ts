export {
  type Attachment,
  attachment,
  type BlobRef,
  blobRef,
  type FileChange,
  fileChange,
  questionItem,
  TOOL_NAMES,
  type ToolName,
  type TranscriptEvent,
  type TranscriptEventType,
  transcriptEvent,
  type Usage,
  usage,
} from "./events.ts";
export {
  agentName,
  answerKey,
  CODER_INBOX_CURSOR_EVENT,
  CODER_RESOURCE_TAG,
  CHECKPOINT_EVENT,
  checkpointKey,
  CODER_RUN_STATUS_EVENT,
  type CoderArgs,
  coderArgs,
  coderInbox,
  type CoderInboxCursorRow,
  coderInboxCursorRow,
  type CoderRunStatusRow,
  coderRunStatusRow,
  type CodingSessionDelta,
  codingSessionDelta,
  type CodingSessionInfoRow,
  codingSessionInfoRow,
  codingSessionResourceId,
  codingSessionResourceSchema,
  type CodingSessionCheckpointRow,
  type CodingSessionTranscriptRow,
  codingSessionCheckpointRow,
  codingSessionTranscriptRow,
  DELTA_EVENT,
  MAX_PROMPT_ATTACHMENTS,
  MAX_PROMPT_BYTES,
  type NativeTranscriptRow,
  type PermissionMode,
  permissionMode,
  type PromptAttachment,
  promptAttachment,
  questionKey,
  SESSION_INFO_EVENT,
  sessionBlob,
  sessionIdOf,
  sessionStreams,
  TRANSCRIPT_EVENT,
  turnEndKey,
} from "./resource.ts";
export {
  compareSessions,
  sideOf,
  type CompareOptions,
  type SessionComparison,
  type SessionSide,
  type TurnSummary,
} from "./compare/compare-sessions.ts";
export { summariseSide } from "./compare/summary-text.ts";
export { type Census, type NotShown } from "./census.ts";
export { formatCensus } from "./census-text.ts";
export type { Blob } from "./bounds.ts";
export { blobsNamed } from "./blobs-named.ts";
export { boundInput, INLINE_DATA_LIMIT, OUTPUT_LIMIT, TEXT_LIMIT } from "./bounds.ts";
export { type NativeDelta, type Normalised, type Skip, SKIP_REASONS, type SkipReason } from "./normalised.ts";
export { type ClaudeNormaliser, createClaudeNormaliser } from "./claude/normalise.ts";
export { claudeToolName } from "./claude/tool-names.ts";
export { type CodexNormaliser, createCodexNormaliser } from "./codex/normalise.ts";
export { codexToolName } from "./codex/tool-names.ts";
export { denormaliseClaude } from "./claude/denormalise.ts";
export { denormaliseCodex, type DenormaliseCodexOptions } from "./codex/denormalise.ts";
export type { Denormalised, DenormaliseOptions } from "./handoff/denormalised.ts";
export { derivedUuid } from "./derived-uuid.ts";
export {
  NATIVE_EVENT,
  type NativeRecord,
  nativeRecord,
  nativeStateId,
  nativeStreamSchema,
  SESSION_FILE,
} from "./native-records.ts";
export { type AcpNormaliser, type AskedCall, createAcpNormaliser } from "./acp/normalise.ts";
export { promptEnd as acpPromptEnd, type PromptEnd as AcpPromptEnd } from "./acp/updates.ts";
export { sha256 } from "./sha256.ts";
