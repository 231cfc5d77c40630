import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkAfterCrash } from "../testing/crash-rules.ts";
import { openInThread } from "../testing/open-in-thread.ts";
import { cutAt } from "../testing/power-loss/cut.ts";
import { canRecord, type Effect, recordWriter } from "../testing/power-loss/record.ts";
import { WRITERS } from "../testing/power-loss/writers.ts";
import { seeded } from "../testing/seeded.ts";
import { temporaryFolder } from "../testing/temporary-store.ts";

const recordable = await canRecord();
const GROUPS = 60;
const POINTS = 60;
const CONTROL_POINTS = 12;
const title = recordable ? "" : " (strace is not here or may not trace: apt-get install strace)";

/** Cuts the power at random points of a recorded run, and gives the faults of each. */
async function faultsAtCuts(folder: string, effects: readonly Effect[], points: number): Promise<string[][]> {
  const random = seeded(4267);
  const faults: string[][] = [];
  // Before the tables are there, nothing was acknowledged, and the folder is made anew.
  const first = effects.findIndex(({ kind }) => kind === "acknowledged");
  for (let point = 0; point < points; point++) {
    const at = first + Math.floor(random() * (effects.length - first + 1));
    const { files, acknowledged } = cutAt(effects, at, random);
    const path = join(folder, `cut-${point}`);
    await mkdir(path);
    for (const [name, bytes] of files) if (name.startsWith("skein.db")) await writeFile(join(path, name), bytes);
    faults.push(await faultsOf(path, acknowledged));
  }
  return faults;
}

async function faultsOf(path: string, acknowledged: number): Promise<string[]> {
  try {
    const store = await openInThread(path);
    const acked = new Map(Array.from({ length: WRITERS }, (_, writer) => [writer, acknowledged]));
    const faults = await checkAfterCrash(store, WRITERS, acked);
    store.close();
    return faults;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function record(synchronous: "FULL" | "NORMAL") {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const effects = await recordWriter(folder.path, GROUPS, synchronous);
  expect(effects.filter(({ kind }) => kind === "acknowledged")).toHaveLength(GROUPS);
  return { folder: folder.path, effects };
}

test.skipIf(!recordable)(
  `[ST144] when the power fails at any moment, nothing that was acknowledged is lost or torn${title}`,
  async () => {
    const { folder, effects } = await record("FULL");
    // Checkpoints are in the record: the database is written besides its log.
    const written = effects.filter((effect) => effect.kind === "write" && effect.file === "skein.db");
    expect(written.length).toBeGreaterThan(20);
    expect((await faultsAtCuts(folder, effects, POINTS)).flat()).toEqual([]);
  },
  120_000,
);

test.skipIf(!recordable)(
  `[ST144] control: without a sync for each group, the same cuts lose what was acknowledged${title}`,
  async () => {
    const { folder, effects } = await record("NORMAL");
    const faults = await faultsAtCuts(folder, effects, CONTROL_POINTS);
    expect(faults.filter((found) => found.some((fault) => fault.includes("acknowledged"))).length).toBeGreaterThan(0);
  },
  120_000,
);
