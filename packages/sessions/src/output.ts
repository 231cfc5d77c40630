import type { Blob, BlobSink } from "./bounds.ts";
import type { TranscriptEvent } from "./events.ts";
import type { Skip, SkipReason } from "./normalised.ts";
import type { NativeTranscriptRow } from "./resource.ts";

/** What the normalisers of all agents write their rows to. */

const MAX_TRACKED = 5000;

/** Remembers in a map that never grows beyond bounds: the oldest is forgotten. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size > MAX_TRACKED) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
}

type Extra = Pick<NativeTranscriptRow, "liveKey"> & { readonly callId?: string; readonly ts?: number };

/** Collects the rows of one record. */
export interface Output {
  readonly rows: NativeTranscriptRow[];
  readonly blobs: Blob[];
  readonly sink: BlobSink;
  /** The record's thread: set for what a sub-agent did. */
  readonly parentCallId: string | undefined;
  readonly ts: number;
  /** Whether a row was not added because its key was there. */
  readonly repeated: boolean;
  /** Adds a row, unless its key was there before. */
  row(key: string, payload: TranscriptEvent, extra?: Extra): void;
}

export function createOutput(
  state: { readonly keys: Set<string> },
  ts: number,
  parentCallId: string | undefined,
): Output {
  const rows: NativeTranscriptRow[] = [];
  let repeated = false;
  const blobs: Blob[] = [];
  return {
    rows,
    blobs,
    sink: (blob) => void blobs.push(blob),
    parentCallId,
    ts,
    get repeated() {
      return repeated;
    },
    row(key, payload, extra = {}) {
      if (state.keys.has(key)) {
        repeated = true;
        return;
      }
      state.keys.add(key);
      rows.push({
        key,
        ts: extra.ts ?? ts,
        type: payload.type,
        ...(extra.callId === undefined ? {} : { callId: extra.callId }),
        ...(parentCallId === undefined ? {} : { parentCallId }),
        ...(extra.liveKey === undefined ? {} : { liveKey: extra.liveKey }),
        payload,
      });
    },
  };
}

/** What a part of a normaliser answers: nothing when it showed something. */
export type Outcome = Skip | undefined;

export function skip(reason: SkipReason, detail?: string): Skip {
  return detail === undefined ? { reason } : { reason, detail };
}
