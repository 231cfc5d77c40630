import { changeEvent, type ChangeEvent } from "@skein/protocol";
import type { Store } from "@skein/store";

const PAGE = 500;
const decoder = new TextDecoder();

/** Events of a state stream from a position on, page by page. Ends at the head that it met. */
export async function* readEvents(
  store: Store,
  path: string,
  from: number,
): AsyncGenerator<{
  readonly events: readonly { readonly position: number; readonly event: ChangeEvent }[];
  readonly head: number;
}> {
  let position = from;
  for (;;) {
    const page = await store.readStream(path, { from: position, limit: PAGE });
    if (page.kind !== "read") return;
    const events = page.messages.flatMap((message) => {
      const parsed = changeEvent.safeParse(JSON.parse(decoder.decode(message.body)));
      return parsed.success ? [{ position: message.position, event: parsed.data }] : [];
    });
    yield { events, head: page.stream.head };
    position = page.next;
    if (page.messages.length === 0 || position >= page.stream.head) return;
  }
}
