import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCheckpoints } from "@skein/coder";
import { line, type Benchmark } from "../benchmark.ts";
import { median } from "../statistics.ts";

/** What a turn's edges cost in a large repository. The floor is what git needs to tell what has changed. */
const FILES = 20_000;
const PER_FOLDER = 100;
const CHANGED = 20;
const ROUNDS = 5;
/** What was written just now is not believed to be unchanged. */
const UNTIL_OLD_MS = 2100;

export const checkpoint: Benchmark = {
  name: "checkpoint",
  about: `the files of a repository of ${String(FILES)} at the edges of a turn`,
  async run(context) {
    const folder = await context.folder();
    const top = join(folder, "repository");
    const environment = { PATH: process.env["PATH"] ?? "", HOME: folder };
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=b", "-c", "user.email=b@x", ...args], {
        cwd: top,
        env: environment,
        encoding: "utf8",
      });
    context.progress("making the repository");
    for (let n = 0; n < FILES; n += 1) {
      if (n % PER_FOLDER === 0) mkdirSync(join(top, `folder-${String(n / PER_FOLDER)}`), { recursive: true });
      writeFileSync(pathOf(top, n), `file ${String(n)}\n`.repeat(100));
    }
    git("init", "-q");
    git("add", "-A");
    git("commit", "-q", "-m", "all");
    await sleep(UNTIL_OLD_MS);
    const checkpoints = createCheckpoints({ environment, directories: { allowed: undefined }, now: () => Date.now() });
    let turns = 0;
    const take = async (): Promise<number> => {
      turns += 1;
      const began = performance.now();
      const made = await checkpoints.take(top, { session: "bench", turn: String(turns), edge: "end" });
      if ("kind" in made) throw new Error(made.message);
      return performance.now() - began;
    };
    context.progress("the first checkpoint");
    const first = await take();
    const [unchanged, changed, status, back]: number[][] = [[], [], [], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      context.progress(`round ${String(round + 1)} of ${String(ROUNDS)}`);
      unchanged?.push(await take());
      const before = { session: "bench", turn: String(turns), edge: "end" } as const;
      for (let n = 0; n < CHANGED; n += 1) {
        writeFileSync(pathOf(top, (n * 977) % FILES), `round ${String(round)}\n`);
      }
      changed?.push(await take());
      const asked = performance.now();
      git("--no-optional-locks", "status", "--porcelain", "--untracked-files=all");
      status?.push(performance.now() - asked);
      const began = performance.now();
      const undo = { session: "bench", turn: `undo ${String(round)}`, edge: "start" } as const;
      const restored = await checkpoints.restore(top, { to: before, undo });
      if ("kind" in restored) throw new Error(restored.message);
      back?.push(performance.now() - began);
      await sleep(UNTIL_OLD_MS);
    }
    context.progress("a working tree");
    const began = performance.now();
    const made = await checkpoints.makeWorktree({
      directory: top,
      from: { session: "bench", turn: String(turns), edge: "end" },
      as: { session: "fork", turn: "fork", edge: "start" },
      target: join(folder, "worktree"),
    });
    if ("kind" in made) throw new Error(made.message);
    const worktree = performance.now() - began;
    const floor = median(status ?? []);
    return [
      line("first checkpoint", "ms", { ours: first, floor }, "every file is read; floor: git status"),
      line("checkpoint, nothing changed", "ms", { ours: median(unchanged ?? []), floor }),
      line(`checkpoint, ${String(CHANGED)} files changed`, "ms", { ours: median(changed ?? []), floor }),
      line(
        `rewind of ${String(CHANGED)} files`,
        "ms",
        { ours: median(back ?? []), floor },
        "with the checkpoint that undoes it",
      ),
      line("working tree at a checkpoint", "ms", { ours: worktree }, `${String(FILES)} files written`),
    ];
  },
};

function pathOf(top: string, n: number): string {
  return join(top, `folder-${String(Math.floor(n / PER_FOLDER))}`, `file-${String(n)}.txt`);
}
