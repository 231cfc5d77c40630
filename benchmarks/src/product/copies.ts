import { SERVER_COLLECTIONS } from "@skein/server";
import type { Operation } from "@skein/store";
import { createSqliteStore } from "@skein/store/sqlite";

const AT_A_TIME = 1_000;

export interface CopyOrder {
  readonly template: string;
  /** Its records, besides its own: collection, and what is behind its URL in the id. */
  readonly records?: readonly (readonly [collection: string, rest: string])[];
  readonly urlOf: (n: number) => string;
  readonly count: number;
  /** Changes each message and record, as JSON. */
  readonly change?: (json: string) => string;
}

/** Puts copies of an entity into a closed server's folder: what so many spawns would have left there, in less time. */
export async function copies(path: string, { template, records = [], urlOf, count, change }: CopyOrder): Promise<void> {
  const store = await createSqliteStore({ collections: SERVER_COLLECTIONS, path });
  const page = await store.readStream(`${template}/main`, { from: 0 });
  const messages = page.kind === "read" ? page.messages.map(({ body }) => new TextDecoder().decode(body)) : [];
  const found = await Promise.all(
    ([["entities", ""], ["wakes", ""], ...records] as const).map(async ([collection, rest]) => {
      const record = await store.getRecord(collection, template + rest);
      if (!record) throw new Error(`${template} has no record in ${collection}.`);
      return { collection, rest, text: JSON.stringify(record.value) };
    }),
  );
  const id = template.slice(template.lastIndexOf("/") + 1);
  for (let from = 0; from < count; from += AT_A_TIME) {
    const operations = Array.from({ length: Math.min(AT_A_TIME, count - from) }, (_, n): Operation[] => {
      const url = urlOf(from + n);
      const renamed = (text: string): string =>
        (change?.(text) ?? text)
          .replaceAll(template, url)
          .replaceAll(`"${id}"`, `"${url.slice(url.lastIndexOf("/") + 1)}"`);
      const bodies = messages.map((text) => new TextEncoder().encode(renamed(text)));
      return [
        { kind: "create-stream", path: `${url}/main`, contentType: "application/json", ifExists: "fail" },
        { kind: "append", path: `${url}/main`, messages: bodies },
        ...found.map(({ collection, rest, text }): Operation => ({
          kind: "put-record",
          collection,
          id: url + rest,
          value: JSON.parse(renamed(text)) as unknown,
        })),
      ];
    });
    const outcome = await store.commit(operations.flat());
    if (outcome.kind === "rejected") throw new Error(`The copies were refused: ${outcome.reason.kind}.`);
  }
  await store.close();
}
