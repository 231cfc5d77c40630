import { createStateSchema } from "@durable-streams/state";
import { createStreamDB } from "@durable-streams/state/db";
import { createLiveQueryCollection } from "@tanstack/db";
import { z } from "zod";

/**
 * The reference's way to show a session, as small as it can be: its published StreamDB loads the stream, a live query
 * orders the rows, the last of them are put on the page. Without React and without a single component.
 */
const url = new URL(new URLSearchParams(location.search).get("stream") ?? "", location.origin).href;
const row = z.looseObject({ key: z.string(), ts: z.number(), payload: z.looseObject({ text: z.string().optional() }) });
const state = createStateSchema({
  transcript: { schema: row, type: "coding_session_transcript", primaryKey: "key" },
});
const db = createStreamDB({
  streamOptions: {
    url,
    contentType: "application/json",
    fetch: (input, init) => fetch(input, { ...init, credentials: "include" }),
  },
  live: "sse",
  state,
});
await db.preload();
let rows: readonly z.infer<typeof row>[];
let how = "ordered live query";
try {
  const query = createLiveQueryCollection((q) =>
    q.from({ row: db.collections.transcript }).orderBy(({ row: one }) => one.ts, "asc"),
  );
  await query.preload();
  rows = query.toArray;
} catch {
  how = "no live query: it failed";
  rows = [...db.collections.transcript.toArray].sort((a, b) => a.ts - b.ts);
}
for (const { key, payload } of rows.slice(-80)) {
  const element = document.createElement("p");
  element.dataset["row"] = key;
  element.textContent = payload.text ?? "";
  document.body.append(element);
}
document.body.dataset["how"] = how;
