import type { StreamMessage } from "@skein/store";
import type { Mode } from "./content-type.ts";

/**
 * Messages into the bytes of a response: a JSON array for JSON streams, the bytes one after the other for all others.
 */
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

export function frameBody(mode: Mode, messages: readonly StreamMessage[]): Uint8Array<ArrayBuffer> {
  return mode === "json" ? frameJson(messages) : concat(messages);
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

function frameJson(messages: readonly StreamMessage[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sizeOf(messages) + Math.max(2, messages.length + 1));
  let at = 0;
  for (const { body } of messages) {
    out[at] = at === 0 ? OPEN : COMMA;
    out.set(body, at + 1);
    at += body.length + 1;
  }
  if (messages.length === 0) out[at++] = OPEN;
  out[at] = CLOSE;
  return out;
}

function sizeOf(messages: readonly StreamMessage[]): number {
  let size = 0;
  for (const { body } of messages) size += body.length;
  return size;
}
