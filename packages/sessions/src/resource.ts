import { z } from "zod";
import { sharedStateStream } from "@skein/protocol";
import { transcriptEvent } from "./events.ts";

/**
 * The coding-session resource: the shared state `coder-session/{sessionId}`. It owns the history; coders come and go.
 */
export const SESSION_INFO_EVENT = "coding_session_info";
export const TRANSCRIPT_EVENT = "coding_session_transcript";
export const CHECKPOINT_EVENT = "coding_session_checkpoint";
/** On the resource's `/live` stream only: see `codingSessionDelta`. */
export const DELTA_EVENT = "coding_session_delta";

/** The tag by which a coder points at its resource; its value is the resource id. */
export const CODER_RESOURCE_TAG = "coderResource";

const RESOURCE_PREFIX = "coder-session/";

export function codingSessionResourceId(sessionId: string): string {
  return RESOURCE_PREFIX + sessionId;
}

/** The session id of a resource id; `undefined` for other resources (and for a session's sibling streams). */
export function sessionIdOf(resourceId: string): string | undefined {
  if (!resourceId.startsWith(RESOURCE_PREFIX)) return undefined;
  const id = resourceId.slice(RESOURCE_PREFIX.length);
  return id.length > 0 && !id.includes("/") ? id : undefined;
}

/** The session's streams: history, token deltas (ephemeral), the agent's own records. */
export function sessionStreams(sessionId: string): { main: string; live: string; native: string } {
  const main = sharedStateStream(codingSessionResourceId(sessionId));
  return { main, live: `${main}/live`, native: `${main}/native` };
}

/** Where the whole of something is kept that a row only refers to (`BlobRef.sha256`). */
export function sessionBlob(sessionId: string, sha256: string): string {
  return `${sessionStreams(sessionId).main}/blobs/${sha256}`;
}

const infoShape = z.object({
  key: z.literal("current"),
  agent: z.string(),
  cwd: z.string(),
  sessionId: z.string(),
  nativeSessionId: z.string().optional(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  title: z.string().optional(),
  model: z.string().optional(),
  permissionMode: z.string().optional(),
  git: z
    .looseObject({ remote: z.string().optional(), branch: z.string().optional(), commit: z.string().optional() })
    .optional(),
  machine: z.string().optional(),
  forkedFrom: z.object({ sessionId: z.string(), row: z.string().optional() }).optional(),
  importedFrom: z.object({ agent: z.string(), sessionId: z.string() }).optional(),
});
export const codingSessionInfoRow = infoShape.loose();
export type CodingSessionInfoRow = z.infer<typeof infoShape>;

/**
 * Inserted once, never changed, ordered by the log. `key` is the agent's own id for what the row shows, so the same
 * event seen live, read from disk or met again after a crash is the same row.
 */
const transcriptShape = z.object({
  key: z.string(),
  /** When it happened, milliseconds; for people, never for order. */
  ts: z.number(),
  type: z.string(),
  callId: z.string().optional(),
  runId: z.string().optional(),
  promptId: z.string().optional(),
  /** The principal who caused it, stamped by the server's side of the prompt. */
  actor: z.string().optional(),
  /** The call id of the tool call under which a sub-agent did this. */
  parentCallId: z.string().optional(),
  /** The key of the deltas on the live stream that this row completes. */
  liveKey: z.string().optional(),
  payload: transcriptEvent,
});
export const codingSessionTranscriptRow = transcriptShape.loose();
export type CodingSessionTranscriptRow = z.infer<typeof transcriptShape>;

/** A row as an agent's records give it: run, prompt and actor are added by the coder. */
export type NativeTranscriptRow = Omit<CodingSessionTranscriptRow, "runId" | "promptId" | "actor">;

/** `value` of a delta event (its key is the `liveKey`): text to add at `at` characters of what came before. */
export const codingSessionDelta = z.object({
  key: z.string(),
  runId: z.string(),
  kind: z.enum(["text", "thinking", "tool_input", "tool_output"]),
  callId: z.string().optional(),
  parentCallId: z.string().optional(),
  at: z.number().int(),
  text: z.string(),
});
export type CodingSessionDelta = z.infer<typeof codingSessionDelta>;

/**
 * The files at the start and the end of a turn, as a commit of the repository that the coder works in. It is on the
 * machine that ran the turn, under `refs/skein/{session}/{turn}/{edge}`. Rows of turns long ago are deleted, with it.
 */
const checkpointShape = z.object({
  /** `checkpointKey(turn, edge)`. */
  key: z.string(),
  ts: z.number(),
  /** The key of the prompt's row, or of what else changed the files. */
  turn: z.string(),
  edge: z.enum(["start", "end"]),
  /** The session under which it is kept: in a fork, the origin's for what was taken there. */
  session: z.string(),
  directory: z.string(),
  machine: z.string().optional(),
  commit: z.string().optional(),
  /** What was checked out; absent before a repository's first commit. */
  head: z.string().optional(),
  branch: z.string().optional(),
  /** Why there is none, for people. */
  refused: z.string().optional(),
});
export const codingSessionCheckpointRow = checkpointShape.loose();
export type CodingSessionCheckpointRow = z.infer<typeof checkpointShape>;

export function checkpointKey(turn: string, edge: CodingSessionCheckpointRow["edge"]): string {
  return `${turn}:${edge}`;
}

export const codingSessionResourceSchema = {
  sessionInfo: { type: SESSION_INFO_EVENT, primaryKey: "key", schema: codingSessionInfoRow },
  transcript: { type: TRANSCRIPT_EVENT, primaryKey: "key", schema: codingSessionTranscriptRow },
  checkpoints: { type: CHECKPOINT_EVENT, primaryKey: "key", schema: codingSessionCheckpointRow },
} as const;

/**
 * The key of the row that ends a prompt's turn (`turn_complete` or `turn_aborted`): the same whether the coder writes
 * it or it is read from the agent's file later, so a turn ends once.
 */
export function turnEndKey(promptKey: string): string {
  return `${promptKey}:end`;
}

/** The keys of a question and its answer, the same live and from a file: the one who answered is kept. */
export function questionKey(callId: string): string {
  return `question:${callId}`;
}
export function answerKey(callId: string): string {
  return `answer:${callId}`;
}

// The coder's own state, on its entity stream.
export const CODER_RUN_STATUS_EVENT = "coder_run_status";
export const CODER_INBOX_CURSOR_EVENT = "coder_inbox_cursor";

const runStatusShape = z.object({
  key: z.literal("current"),
  status: z.enum(["initializing", "idle", "running", "waiting", "error"]),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** The inbox key of the prompt that runs. */
  currentPrompt: z.string().optional(),
  /** The key of that prompt's row: its turn ends under `turnEndKey(promptRow)`. */
  promptRow: z.string().optional(),
  /** The coder that drives the session, while this one waits for its end. */
  waitsFor: z.string().optional(),
  runId: z.string().optional(),
  /** While `waiting`: what waits for a person. */
  pending: z
    .array(z.object({ requestId: z.string(), kind: z.enum(["permission", "question"]), callId: z.string().optional() }))
    .optional(),
  /** When this status began, milliseconds. */
  since: z.number().optional(),
  /** While `running`: since when nothing has come from the agent, once that is worth telling. Milliseconds. */
  stalledSince: z.number().optional(),
});
export const coderRunStatusRow = runStatusShape.loose();
export type CoderRunStatusRow = z.infer<typeof runStatusShape>;

/** Prompts of the inbox that have been dealt with, and how. The cursor is the log position behind the last one. */
const inboxCursorShape = z.object({
  key: z.literal("current"),
  lastProcessedInboxKey: z.string().optional(),
  offset: z.string().optional(),
});
export const coderInboxCursorRow = inboxCursorShape.loose();
export type CoderInboxCursorRow = z.infer<typeof inboxCursorShape>;

/**
 * What an agent may do without asking. `plan`: look and propose, change nothing; not every agent has it
 * (`agents.status` says which modes each has).
 */
export const permissionMode = z.enum(["ask", "accept-edits", "plan", "bypass"]);
export type PermissionMode = z.infer<typeof permissionMode>;
const model = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/[\]-]{0,127}$/);
/** The name under which a runner knows an agent: `claude`, `codex`, or one that speaks ACP and is set up there. */
export const agentName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** A coder's spawn arguments. */
export const coderArgs = z.strictObject({
  agent: agentName,
  cwd: z.string().min(1).max(4096).optional(),
  model: model.optional(),
  permissionMode: permissionMode.default("ask"),
  /** Attach to a session on the runner's disk. */
  nativeSessionId: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,128}$/)
    .optional(),
  importFrom: z.object({ agent: z.enum(["claude", "codex"]), sessionId: z.string() }).optional(),
  /** Join this resource (session id) as one more coder. Default: the entity's own id. */
  resource: z.string().optional(),
  title: z.string().max(200).optional(),
  /**
   * Of a fork: where it works. `share` (the default): in the origin's directory; `worktree`: in a working tree of its
   * own with the files as they were; `none`: in an empty folder.
   */
  files: z.enum(["worktree", "share", "none"]).optional(),
});
export type CoderArgs = z.infer<typeof coderArgs>;

export const MAX_PROMPT_BYTES = 256 * 1024;
export const MAX_PROMPT_ATTACHMENTS = 20;

/** A file that goes with a prompt: its bytes were sent to the session's blobs before. */
export const promptAttachment = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mime: z.string().regex(/^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/),
  /** A name without folders. */
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/\\\p{Cc}]{1,128}$/u)
    .optional(),
});
export type PromptAttachment = z.infer<typeof promptAttachment>;

const prompt = z.strictObject({
  text: z.string().min(1).max(MAX_PROMPT_BYTES),
  attachments: z.array(promptAttachment).max(MAX_PROMPT_ATTACHMENTS).optional(),
});

/** The coder's inbox, by message type. */
export const coderInbox = {
  prompt,
  /** For the turn that runs, if the agent takes it; else a prompt like any other. */
  steer: prompt,
  set_mode: z.strictObject({ permissionMode }),
  set_model: z.strictObject({ model }),
  permission_response: z.strictObject({
    requestId: z.string(),
    decision: z.enum(["allow", "allow_session", "deny"]),
    message: z.string().max(10_000).optional(),
    updatedInput: z.record(z.string(), z.unknown()).optional(),
  }),
  answer: z.strictObject({ requestId: z.string(), answers: z.record(z.string(), z.string()) }),
  edit_prompt: z.strictObject({ key: z.string(), text: z.string().min(1).max(MAX_PROMPT_BYTES) }),
  cancel_prompt: z.strictObject({ key: z.string() }),
  /** From the coder's own runner: somebody else wrote to the agent's session. */
  catch_up: z.strictObject({}),
  /** Brings what a fork (its session's id) did to this session: its changes of the files, merged, or a summary. */
  bring_back: z.strictObject({
    session: z.string().regex(/^[A-Za-z0-9._~-]{1,128}$/),
    what: z.enum(["files", "summary"]).default("files"),
  }),
  /** Takes the files back to a checkpoint, when it is this message's turn. It can itself be undone: see `docs/guide`. */
  rewind: z.strictObject({ turn: z.string().min(1).max(200), edge: z.enum(["start", "end"]).default("end") }),
} as const;
