import { isUtf8 } from "node:buffer";

/**
 * A JSON body into its messages, as the bytes that came: the body is validated by the engine's parser and then cut
 * textually, never re-written, so 64-bit integers, 1e400, duplicate keys and the spelling of numbers survive.
 */
export type JsonMessages =
  /** `array`: the body was an array and was flattened by one level (`messages` may be empty then). */
  | { readonly kind: "messages"; readonly messages: Uint8Array[]; readonly array: boolean }
  | { readonly kind: "invalid"; readonly message: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export function splitJson(body: Uint8Array): JsonMessages {
  const invalid = validate(body);
  if (invalid !== undefined) return { kind: "invalid", message: invalid };
  const value = trim(body, 0, body.length);
  if (value[0] !== OPEN_BRACKET) return { kind: "messages", messages: [value], array: false };
  return { kind: "messages", messages: elements(value), array: true };
}

function validate(body: Uint8Array): string | undefined {
  if (!isUtf8(body)) return "it is not UTF-8.";
  try {
    // A byte order mark stays in the text, where the parser refuses it: it would break the array of a read.
    JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The elements of a valid JSON array. Only strings and nesting matter: what is outside of both is a separator. */
function elements(array: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  const end = array.length - 1;
  let depth = 0;
  let start = 1;
  for (let at = 1; at < end; at++) {
    const byte = array[at];
    if (byte === QUOTE) {
      at = endOfString(array, at);
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth++;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth--;
    } else if (byte === COMMA && depth === 0) {
      out.push(trim(array, start, at));
      start = at + 1;
    }
  }
  const last = trim(array, start, end);
  if (last.length > 0) out.push(last);
  return out;
}

/** Index of the quote that ends the string which begins at `from`. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let quote = bytes.indexOf(QUOTE, from + 1); ; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote;
  }
}

function trim(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let start = from;
  let end = to;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
