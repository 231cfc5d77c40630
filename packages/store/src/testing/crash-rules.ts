import type { Operation, Store } from "../store.ts";
import { append, create, decode, put } from "./fixture.ts";

/** What the crashing process writes, and what must be true of it afterwards. */
export const crashCollections = { counts: { indexes: { seq: ["seq"] } } };

export function crashMessages(writer: number) {
  return {
    left: `/crash/${writer}/left`,
    right: `/crash/${writer}/right`,
    /** From a few bytes to some chunks. */
    text: (seq: number) => `${writer}:${seq}:`.padEnd(10 + ((seq * 7919 + writer) % 5) ** 6, "#"),
  };
}

export function crashCommit(writer: number, seq: number): Operation[] {
  const { left, right, text } = crashMessages(writer);
  const stamp = { id: "writer", epoch: 0, seq };
  return [
    ...[left, right].map((path) => ({ ...create(path), ifExists: "keep" as const })),
    { ...append(left, text(seq)), producer: stamp },
    { ...append(right, text(seq)), producer: stamp },
    put("counts", String(writer), { seq }),
  ];
}

export type CheckedStore = Pick<Store, "readStream" | "getProducer" | "queryRecords">;

/**
 * Every acknowledged append is there once and in order, nothing is torn, commits are whole, and producers, records and
 * indexes agree with the logs. Gives the number of messages that each writer has.
 */
export async function checkAfterCrash(
  store: CheckedStore,
  writers: number,
  acknowledged: ReadonlyMap<number, number>,
): Promise<string[]> {
  const faults: string[] = [];
  for (let writer = 0; writer < writers; writer++) {
    const { left, right, text } = crashMessages(writer);
    const heads = await Promise.all([left, right].map((path) => checkLog(store, path, text, faults)));
    const [head = 0, other = 0] = heads;
    const acked = acknowledged.get(writer) ?? -1;
    if (head !== other) faults.push(`writer ${writer}: ${head} messages on one side and ${other} on the other`);
    if (head <= acked) faults.push(`writer ${writer}: acknowledged ${acked} and has only ${head} messages`);
    // One commit at a time: at most the one in flight may be there beyond what was acknowledged.
    if (head > acked + 2) faults.push(`writer ${writer}: acknowledged ${acked} and has ${head} messages`);
    for (const path of [left, right]) {
      const seq = (await store.getProducer(path, "writer"))?.seq ?? -1;
      if (seq !== head - 1) faults.push(`${path}: producer at ${seq}, log at ${head}`);
    }
    const found = await store.queryRecords<{ seq: number }>({
      collection: "counts",
      index: "seq",
      equals: [head - 1],
      limit: writers,
    });
    const counted = head === 0 || found.records.some(({ id }) => id === String(writer));
    if (!counted) faults.push(`writer ${writer}: the record is not that of message ${head - 1}`);
  }
  return faults;
}

async function checkLog(
  store: CheckedStore,
  path: string,
  text: (seq: number) => string,
  faults: string[],
): Promise<number> {
  for (let from = 0; ;) {
    const page = await store.readStream(path, { from });
    if (page.kind !== "read") return 0;
    for (const { position, body } of page.messages)
      if (decode(body) !== text(position)) faults.push(`${path}: message ${position} is not what was sent`);
    if (page.next >= page.stream.head) return page.stream.head;
    from = page.next;
  }
}
