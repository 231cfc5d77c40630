import { changeEvent, formatOffset, parseOffset, SkeinError } from "@skein/protocol";
import type { Store, StreamInfo } from "@skein/store";

/** Where a fork begins to go its own way: behind `position` messages of the origin's stream. */
export interface Cut {
  readonly position: number;
  /** The key of the last message that is kept, where it was named. */
  readonly row?: string;
}

const PAGE = 500;
const decoder = new TextDecoder();

/**
 * An offset is taken as it is; a row is looked for from the end, since what is forked is mostly recent. Throws
 * `not_found` for a row that is not there and `invalid_request` for an offset behind the end.
 */
export async function findCut(store: Store, stream: StreamInfo, at: string | undefined): Promise<Cut> {
  if (at === undefined) return { position: stream.head };
  const offset = parseOffset(at);
  if (offset !== undefined) {
    if (offset <= stream.head) return { position: offset };
    throw new SkeinError(
      "invalid_request",
      `\`at\` is behind the end of ${stream.path}: ${formatOffset(stream.head)}.`,
    );
  }
  for (let before = stream.head; before > 0;) {
    const page = await store.readStream(stream.path, { before, limit: PAGE });
    if (page.kind !== "read" || page.messages.length === 0) break;
    const found = page.messages.findLast(({ body }) => keyOf(body) === at);
    if (found) return { position: found.position + 1, row: at };
    before = page.start;
  }
  throw new SkeinError("not_found", `There is no row ${at} in ${stream.path}.`);
}

function keyOf(body: Uint8Array): string | undefined {
  const parsed = changeEvent.safeParse(JSON.parse(decoder.decode(body)));
  return parsed.success ? parsed.data.key : undefined;
}
