/**
 * Stream offsets on the wire: `<position>_<sub-index>`, each 16 decimal digits, so that they sort as text.
 * A position is the number of messages in front of it; the sub-index is reserved and always zero in what we send.
 * The form is the one the Durable Streams conformance suite expects; clients treat it as opaque.
 */

const WIDTH = 16;
const FORM = /^(\d{16})_(\d{16})$/;

/** The first offset of every stream. */
export const ZERO_OFFSET = formatOffset(0);

/** Writes a position (a count of messages, a safe integer) as a wire offset. */
export function formatOffset(position: number): string {
  return `${String(position).padStart(WIDTH, "0")}_${"0".repeat(WIDTH)}`;
}

/** Reads a wire offset; `undefined` when the text is not of the form. `-1` and `now` are for the caller to handle. */
export function parseOffset(text: string): number | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const position = Number(match[1]);
  return Number.isSafeInteger(position) ? position : Number.MAX_SAFE_INTEGER;
}
