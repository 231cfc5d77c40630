import { expect, test } from "vitest";
import { runChild } from "../testing/child.ts";
import { checkAfterCrash, crashCollections } from "../testing/crash-rules.ts";
import { seeded } from "../testing/seeded.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";
import { createSqliteStore } from "./store.ts";

const ROUNDS = 10;
const WRITERS = 8;

test("[ST120] killed at any moment under load, a store has every acknowledged commit once, whole and in order", async () => {
  const folder = await temporaryFolder();
  const random = seeded(4267);
  const acknowledged = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(random() * 400);
    const child = runChild("./crash-writer.ts", [folder.path, String(WRITERS)]);
    let said = 0;
    let killing: Promise<void> | undefined;
    for await (const line of child.lines) {
      const [writer, seq] = line.split(" ").map(Number);
      if (writer === undefined || seq === undefined) continue;
      acknowledged.set(writer, seq);
      if (++said === killAfter) killing = child.kill();
    }
    await killing;
    expect(child.errors()).toBe("");
    expect(said).toBeGreaterThanOrEqual(killAfter);
    const store = await createSqliteStore({ path: folder.path, collections: crashCollections });
    expect(await checkAfterCrash(store, WRITERS, acknowledged)).toEqual([]);
    await store.close();
  }
  await folder.remove();
}, 300_000);
