import { join } from "node:path";
import { expect, test } from "vitest";
import { runChild } from "../testing/child.ts";
import { checkAfterCrash } from "../testing/crash-rules.ts";
import { openInThread } from "../testing/open-in-thread.ts";
import { seeded } from "../testing/seeded.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";

/** A hundred points: every kill meets five stores, each wherever its own writer is. */
const ROUNDS = 20;
const STORES = 5;
const WRITERS = 4;

test("[ST120] killed at a hundred points under load, a store has every acknowledged commit once, whole and in order", async () => {
  const folder = await temporaryFolder();
  const random = seeded(4267);
  const folders = Array.from({ length: STORES }, (_, index) => join(folder.path, `store-${index}`));
  const acknowledged = folders.map(() => new Map<number, number>());
  for (let round = 0; round < ROUNDS; round++) {
    const killAfter = 1 + Math.floor(random() * 400);
    const child = runChild("./crash-writer.ts", [String(WRITERS), ...folders]);
    let said = 0;
    let killing: Promise<void> | undefined;
    for await (const line of child.lines) {
      const [writer, seq, index] = line.split(" ").map(Number);
      if (writer === undefined || seq === undefined || index === undefined) continue;
      acknowledged[index]?.set(writer, seq);
      if (++said === killAfter) killing = child.kill();
    }
    await killing;
    expect(child.errors()).toBe("");
    expect(said).toBeGreaterThanOrEqual(killAfter);
    const faults = await Promise.all(
      folders.map(async (path, index) => {
        const store = await openInThread(path);
        const found = await checkAfterCrash(store, WRITERS, acknowledged[index] ?? new Map());
        store.close();
        return found;
      }),
    );
    expect(faults.flat()).toEqual([]);
  }
  await folder.remove();
}, 300_000);
