import type { StreamMessage } from "@skein/store";
import type { Mode } from "./content-type.ts";

/**
 * Messages into the bytes of a response: a JSON array for JSON streams, the bytes one after the other for all others.
 */
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/** Of a range in parts, which part it is: the first one opens the array, the last one closes it. */
export interface PartOf {
  readonly opens: boolean;
  readonly closes: boolean;
}

const WHOLE: PartOf = { opens: true, closes: true };

export function frameBody(
  mode: Mode,
  messages: readonly StreamMessage[],
  part: PartOf = WHOLE,
): Uint8Array<ArrayBuffer> {
  return mode === "json" ? frameJson(messages, part) : concat(messages);
}

function concat(messages: readonly StreamMessage[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sizeOf(messages));
  let at = 0;
  for (const { body } of messages) {
    out.set(body, at);
    at += body.length;
  }
  return out;
}

function frameJson(messages: readonly StreamMessage[], { opens, closes }: PartOf): Uint8Array<ArrayBuffer> {
  const bare = opens && messages.length === 0 ? 1 : 0;
  const out = new Uint8Array(sizeOf(messages) + messages.length + bare + (closes ? 1 : 0));
  let at = 0;
  for (const { body } of messages) {
    out[at] = opens && at === 0 ? OPEN : COMMA;
    out.set(body, at + 1);
    at += body.length + 1;
  }
  if (bare > 0) out[at++] = OPEN;
  if (closes) out[at] = CLOSE;
  return out;
}

function sizeOf(messages: readonly StreamMessage[]): number {
  let size = 0;
  for (const { body } of messages) size += body.length;
  return size;
}
