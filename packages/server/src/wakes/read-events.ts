import { changeEvent, type PlacedEvent } from "@skein/protocol";
import type { Store, StreamMessage } from "@skein/store";

const PAGE = 500;
const decoder = new TextDecoder();

/** Events of a state stream from a position on, page by page. Ends at the head that it met. */
export async function* readEvents(
  store: Store,
  path: string,
  from: number,
): AsyncGenerator<{
  readonly events: readonly PlacedEvent[];
  readonly head: number;
}> {
  let position = from;
  for (;;) {
    const page = await store.readStream(path, { from: position, limit: PAGE });
    if (page.kind !== "read") return;
    yield { events: placed(page.messages), head: page.stream.head };
    position = page.next;
    if (page.messages.length === 0 || position >= page.stream.head) return;
  }
}

/** Events of a stretch of a state stream. */
export async function readSlice(
  store: Store,
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<PlacedEvent[]> {
  const found: PlacedEvent[] = [];
  for (let position = from; position < to;) {
    const page = await store.readStream(path, { from: position, limit: Math.min(PAGE, to - position) });
    if (page.kind !== "read" || page.messages.length === 0) break;
    found.push(...placed(page.messages));
    position = page.next;
  }
  return found;
}

function placed(messages: readonly StreamMessage[]): PlacedEvent[] {
  return messages.flatMap(({ position, body }) => {
    const parsed = changeEvent.safeParse(JSON.parse(decoder.decode(body)));
    return parsed.success ? [{ position, event: parsed.data }] : [];
  });
}
