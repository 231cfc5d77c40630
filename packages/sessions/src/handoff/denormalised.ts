import type { NativeTranscriptRow } from "../resource.ts";
import { fit } from "./fit.ts";
import { pictureIn } from "./pictures.ts";
import { conversationOf, type Conversation } from "./steps.ts";

/** What a session is told when it is written down for another agent. */
export interface DenormaliseOptions {
  /** The agent's own id of the session that is made: a UUID. */
  readonly sessionId: string;
  readonly cwd: string;
  readonly title?: string;
  /** The bytes of what was kept beside the transcript, if they are at hand. */
  readonly bytesOf?: (sha256: string) => Uint8Array | undefined;
  /** Of prompts, answers, inputs and results together. Default 600,000: about what models can take. */
  readonly maxCharacters?: number;
}

/** Native records of the receiving agent, in the order of its file, and what became of the transcript's rows. */
export interface Denormalised {
  readonly records: readonly object[];
  /** By event type, or by what it is. */
  readonly kept: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
}

const MAX_CHARACTERS = 600_000;

export function prepare(rows: readonly NativeTranscriptRow[], options: DenormaliseOptions): Conversation {
  const bytesOf = options.bytesOf ?? (() => undefined);
  const conversation = conversationOf(rows, (attachment) => pictureIn(attachment, bytesOf));
  return fit(conversation, options.maxCharacters ?? MAX_CHARACTERS);
}

const SAFE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Ids that every model's API takes, each once: an agent's own may have other characters and may come again. */
export function createCallIds(make: (count: number) => string): (callId: string) => string {
  const used = new Set<string>();
  return (callId) => {
    const id = SAFE_ID.test(callId) && !used.has(callId) ? callId : make(used.size);
    used.add(id);
    return id;
  };
}

/** A time as agents write it; one that is none becomes the beginning of time. */
export function isoTime(ts: number): string {
  return new Date(Math.abs(ts) <= 8.64e15 ? ts : 0).toISOString();
}

/** Names of tools that models' APIs take. */
export const SAFE_NAME = /^[A-Za-z0-9_-]{1,64}$/;
