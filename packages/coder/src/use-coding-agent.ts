import type { WakeRun } from "@skein/protocol";
import { db } from "@skein/runtime";
import type { HandlerContext } from "@skein/runtime";
import { codingSessionResourceId, codingSessionResourceSchema } from "@skein/sessions";
import type { CoderArgs, CoderRunStatusRow, CodingSessionInfoRow, CodingSessionTranscriptRow } from "@skein/sessions";

export interface UseCodingAgentOptions {
  readonly agent: CoderArgs["agent"];
  readonly cwd?: string;
  readonly model?: string;
  readonly permissionMode?: CoderArgs["permissionMode"];
  /** Attach to a session on the runner's disk. */
  readonly nativeSessionId?: string;
  readonly importFrom?: CoderArgs["importFrom"];
  /** Whether this entity is woken when a turn of the session ends. Default true. */
  readonly wake?: boolean;
  /** How long the session may take to come to be. Default 15 s. */
  readonly waitMs?: number;
}

/** A coding session that an entity of another type works with. Everything in it is read from rows, never waited for. */
export interface CodingSessionHandle {
  readonly entityUrl: string;
  readonly sessionId: string;
  readonly agent: CoderArgs["agent"];
  meta(): CodingSessionInfoRow | undefined;
  /** Judged by the transcript: prompts that are still queued do not count. */
  status(): CoderRunStatusRow["status"];
  /** How the last turn that this entity was woken for ended. */
  readonly run: WakeRun | undefined;
  /** Queues a prompt, with the next flush. */
  send(prompt: string): void;
  /** The transcript, in the order of the log. */
  readonly events: readonly CodingSessionTranscriptRow[];
  /** Of it, what the person and the agent said to each other. */
  readonly messages: readonly CodingSessionTranscriptRow[];
}

/**
 * Makes a coder (once: the same id is the same session) and attaches to its session. The session answers by waking the
 * entity, not by being waited for.
 *
 * @example
 * async handler(ctx, wake) {
 *   const session = await useCodingAgent(ctx, `review-${ctx.id}`, { agent: "claude", cwd: "/work/app" });
 *   if (ctx.firstWake) session.send("Review the last commit.");
 *   if (session.run?.status === "completed") ctx.log("info", session.run.response ?? "");
 * }
 */
export async function useCodingAgent(
  ctx: Pick<HandlerContext, "spawn" | "observe" | "db">,
  sessionId: string,
  { agent, wake = true, waitMs = 15_000, ...options }: UseCodingAgentOptions,
): Promise<CodingSessionHandle> {
  const child = await ctx.spawn("coder", sessionId, { args: { agent, ...options }, wake });
  const source = db(codingSessionResourceId(sessionId), codingSessionResourceSchema);
  const { sessionInfo, transcript } = (await ctx.observe(source, { waitMs })).collections;
  return {
    entityUrl: child.url,
    sessionId,
    agent,
    meta: () => sessionInfo.get("current"),
    status: () => (sessionInfo.has("current") ? statusOf(transcript) : "initializing"),
    get run() {
      for (const row of [...ctx.db.wakes].reverse()) {
        if (row.reason === "runFinished" && row.source === child.url) return row.run;
      }
      return undefined;
    },
    send: (text) => child.send({ type: "prompt", payload: { text } }),
    get events() {
      return [...transcript];
    },
    get messages() {
      return [...transcript].filter(isMessage);
    },
  };
}

function isMessage({ type, parentCallId }: CodingSessionTranscriptRow): boolean {
  return parentCallId === undefined && (type === "user_message" || type === "assistant_message");
}

export function statusOf(transcript: Iterable<CodingSessionTranscriptRow>): CoderRunStatusRow["status"] {
  let status: CoderRunStatusRow["status"] = "idle";
  const waiting = new Set<string>();
  for (const { payload, parentCallId } of transcript) {
    const { type } = payload;
    if (type === "user_message" && parentCallId === undefined) status = "running";
    else if (type === "permission_request" || type === "question") waiting.add(payload.requestId);
    else if (type === "permission_response" || type === "answer") waiting.delete(payload.requestId);
    else if (type === "turn_complete") status = payload.success === false ? "error" : "idle";
    else if (type === "turn_aborted") status = "idle";
  }
  return status === "running" && waiting.size > 0 ? "waiting" : status;
}
