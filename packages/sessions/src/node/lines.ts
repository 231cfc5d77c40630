/** One line of a file: its text without the line's end, or how long it is when that is too long to be held. */
export type Line =
  | { readonly kind: "line"; readonly number: number; readonly text: string; readonly ended: boolean }
  | { readonly kind: "too-long"; readonly number: number; readonly bytes: number };

/** Records of agents hold whole images and files; beyond this a line is passed over unread. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 10;
const RETURN = 13;

export interface LineOptions {
  readonly maxLineBytes?: number;
}

/** Cuts bytes into lines. Holds the line that is not complete, never more than `maxLineBytes` of it. */
export function createLineSplitter({ maxLineBytes = MAX_LINE_BYTES }: LineOptions = {}) {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 0;
  const take = (ended: boolean): Line => {
    number++;
    const line: Line =
      size > maxLineBytes
        ? { kind: "too-long", number, bytes: size }
        : { kind: "line", number, text: decode(parts, size, number === 1), ended };
    parts = [];
    size = 0;
    return line;
  };
  const add = (part: Uint8Array) => {
    size += part.length;
    if (size <= maxLineBytes) parts.push(part);
    else parts = [];
  };
  return {
    *push(chunk: Uint8Array): Generator<Line, void, undefined> {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        add(chunk.subarray(start, end));
        yield take(true);
        start = end + 1;
      }
      // Copied: the reader of the file may use its buffer again.
      if (start < chunk.length) add(chunk.slice(start));
    },
    /** The last line, if it has no end. */
    end: (): Line | undefined => (size > 0 ? take(false) : undefined),
  };
}

/**
 * Splits bytes into lines while they come. Takes CRLF, a byte order mark, and a last line without an end
 * (`ended: false`).
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  options: LineOptions = {},
): AsyncGenerator<Line, void, undefined> {
  const splitter = createLineSplitter(options);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  const last = splitter.end();
  if (last !== undefined) yield last;
}

function decode(parts: readonly Uint8Array[], size: number, first: boolean): string {
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, size);
  const length = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("utf8");
  return first && text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** A line as JSON, or why it is none. */
export type ParsedLine =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "none"; readonly reason: "blank" | "comment" | "torn" | "not-json" | "too-long" };

export function parseLine(line: Line): ParsedLine {
  if (line.kind === "too-long") return { kind: "none", reason: "too-long" };
  const text = line.text.trim();
  if (text === "") return { kind: "none", reason: "blank" };
  if (text.startsWith("#") || text.startsWith("//")) return { kind: "none", reason: "comment" };
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    // The last line may be one that is being written, or was when the agent was killed.
    return { kind: "none", reason: line.ended ? "not-json" : "torn" };
  }
}
