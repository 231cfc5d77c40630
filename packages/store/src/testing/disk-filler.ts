/** Fills the disk that a store is on, and says what became of it. Argument: the store's folder, on a small disk. */
import { rmSync, writeFileSync, writeSync } from "node:fs";
import { SkeinError } from "@skein/protocol";
import { createSqliteStore } from "../sqlite/store.ts";
import { append, create } from "./fixture.ts";

const [folder = ""] = process.argv.slice(2);
const say = (line: string) => void writeSync(1, `${line}\n`);
const store = await createSqliteStore({ path: folder, collections: {} });
const ballast = `${folder}/ballast`;
writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
await store.commit([create("/a")]);

let acknowledged = 0;
for (;;) {
  try {
    await store.commit([append("/a", `${acknowledged}`.padEnd(50_000, "#"))]);
    acknowledged++;
  } catch (error) {
    const code = error instanceof SkeinError ? error.code : "none";
    say(`refused ${code} after ${acknowledged} ${error instanceof Error ? error.message : ""}`);
    break;
  }
}
const read = await store.readStream("/a", { from: 0, maxBytes: 1e8 });
if (read.kind === "read" && read.messages.length === acknowledged) say("all acknowledged is there");
rmSync(ballast);
const again = await store.commit([append("/a", "more")]);
if (again.kind === "committed") say("goes on when there is room");
await store.close();
