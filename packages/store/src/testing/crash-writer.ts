/**
 * A process to be killed: writes to a store without pause and says on its output what was acknowledged.
 * Arguments: folder, number of writers. Every commit appends to two streams and counts in a record.
 */
import { writeSync } from "node:fs";
import { createSqliteStore } from "../sqlite/store.ts";
import { crashCollections, crashCommit, crashMessages } from "./crash-rules.ts";

const [folder = "", writers = "1"] = process.argv.slice(2);
const store = await createSqliteStore({ path: folder, collections: crashCollections });
writeSync(1, "open\n");

async function write(writer: number): Promise<never> {
  const known = await store.getProducer(crashMessages(writer).left, "writer");
  for (let seq = known ? known.seq + 1 : 0; ; seq++) {
    const outcome = await store.commit(crashCommit(writer, seq));
    if (outcome.kind !== "committed") throw new Error(`${writer}:${seq} ${JSON.stringify(outcome.reason)}`);
    // Synchronously: what stands in the pipe has been acknowledged, whatever happens next.
    writeSync(1, `${writer} ${seq}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
