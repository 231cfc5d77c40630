import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark, Line } from "./benchmark.ts";

/** Runs one benchmark and undoes what it did, whatever happens. */
export async function runBenchmark(benchmark: Benchmark, progress: (text: string) => void): Promise<Line[]> {
  const undo: (() => unknown)[] = [];
  try {
    return await benchmark.run({
      progress,
      defer: (action) => undo.push(action),
      async folder() {
        const folder = await mkdtemp(join(tmpdir(), `skein-bench-${benchmark.name}-`));
        undo.push(() => rm(folder, { recursive: true, force: true }));
        return folder;
      },
    });
  } finally {
    for (const action of undo.toReversed()) await action();
  }
}
