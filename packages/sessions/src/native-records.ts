import { z } from "zod";

/**
 * The agent's own files of a session, on the resource's `/native` stream: a log of what was appended to which file, by
 * which the files can be made anew anywhere. Bytes stand where they stood (`offset`), so applying an event twice does
 * nothing; a file is the events about it, in the order of the log.
 */
export const NATIVE_EVENT = "coding_session_native";

/** The name of the session's own file. Others: `subagents/…` of Claude Code, `threads/{id}.jsonl` of Codex. */
export const SESSION_FILE = "session";

const FILE_NAME =
  /^(?:session|subagents\/agent-[A-Za-z0-9_-]{1,100}\.(?:jsonl|meta\.json)|threads\/[0-9a-fA-F-]{36}\.jsonl)$/;
const name = z.string().regex(FILE_NAME);
const count = z.number().int().nonnegative();

export const nativeRecord = z.discriminatedUnion("kind", [
  /** A run of bytes: text where it is valid UTF-8, else base64. */
  z.object({
    kind: z.literal("bytes"),
    key: z.string(),
    file: name,
    offset: count,
    text: z.string().optional(),
    base64: z.string().optional(),
  }),
  /** The file ends here: what stood behind is not part of the session any more. */
  z.object({ kind: z.literal("cut"), key: z.string(), file: name, offset: count }),
  /** The session goes on in files of this agent, from nothing: what came before was another's. */
  z.object({ kind: z.literal("begin"), key: z.string(), agent: z.string() }),
]);
export type NativeRecord = z.infer<typeof nativeRecord>;

export function isNativeFileName(text: string): boolean {
  return FILE_NAME.test(text);
}

export const nativeStreamSchema = {
  records: { type: NATIVE_EVENT, primaryKey: "key", schema: nativeRecord },
} as const;

/** The shared state that a session's native stream is, for `mkdb`. */
export function nativeStateId(sessionId: string): string {
  return `coder-session/${sessionId}/native`;
}
