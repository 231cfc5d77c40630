import { changeEvent, ENTITY_EVENTS, mainStream, runRow, type ChangeEvent } from "@skein/protocol";
import type { Store } from "@skein/store";
import { responseOf } from "../wakes/runs.ts";
import type { MatchedRun } from "./matches.ts";

const PAGE = 500;
/** A run's text is looked for so far back from its end. */
const MAX_EVENTS = 20_000;
const decoder = new TextDecoder();

/** What a run said: read backwards from its end to where it began, so that it costs the run and not the history. */
export async function readRunResponse(store: Store, { url, row, position }: MatchedRun): Promise<string> {
  const main = mainStream(url);
  const pages: ChangeEvent[][] = [];
  let before = position ?? (await store.getStream(main))?.head ?? 0;
  for (let read = 0; before > 0 && read < MAX_EVENTS; read += PAGE) {
    const page = await store.readStream(main, { before, limit: PAGE });
    if (page.kind !== "read" || page.messages.length === 0) break;
    const events = page.messages.flatMap(({ body }) => {
      const event = changeEvent.safeParse(JSON.parse(decoder.decode(body)));
      return event.success ? [event.data] : [];
    });
    pages.unshift(events);
    if (events.some((event) => isBeginning(event, row.key))) break;
    before = page.start;
  }
  return responseOf(row.key, pages.flat());
}

function isBeginning(event: ChangeEvent, run: string): boolean {
  if (event.type !== ENTITY_EVENTS.run || event.key !== run) return false;
  const row = runRow.safeParse(event.value);
  return row.success && row.data.status === "started";
}
