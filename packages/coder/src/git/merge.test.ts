import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentOf, createGitLab, removeAll, stateOf, writeAll } from "../testing/git-lab.ts";
import type { GitLab } from "../testing/git-lab.ts";
import { createCheckpoints } from "./checkpoints.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { hasGit, NO_GIT } from "./testing.ts";

const given = test.skipIf(!hasGit);
if (!hasGit) test.skip(NO_GIT);

let lab: GitLab;
let checkpoints: Checkpoints;
let now = 1_760_000_000_000;
beforeEach(async () => {
  lab = await createGitLab();
  checkpoints = createCheckpoints({
    environment: lab.environment,
    directories: { allowed: undefined },
    now: () => (now += 1000),
  });
});
afterEach(() => lab.close());

const base = { session: "fork", turn: "fork", edge: "start" } as const;
const theirs = { session: "fork", turn: "t1", edge: "end" } as const;
const ours = { session: "origin", turn: "t9", edge: "end" } as const;
const undo = { session: "origin", turn: "back", edge: "start" } as const;
const LINES = Array.from({ length: 20 }, (_, n) => `line ${String(n)}\n`);

/** A dirty repository, and a working tree that was made from it as it was. */
async function forked(): Promise<{ top: string; fork: string }> {
  const top = lab.repository("repo", { "a.txt": LINES.join(""), "gone.txt": "gone\n", "both.txt": "both\n" });
  writeAll(top, { "untracked.txt": LINES.join("") });
  await checkpoints.take(top, ours);
  const fork = join(lab.folder, "fork");
  expect(await checkpoints.makeWorktree({ directory: top, from: ours, as: base, target: fork })).toHaveProperty("top");
  return { top, fork };
}

given("[CK15] what a fork did comes back as a merge of three, untracked files too, and can be undone", async () => {
  const { top, fork } = await forked();
  const first = LINES.with(0, "first, changed in the fork\n");
  writeAll(fork, {
    "a.txt": first.join(""),
    "untracked.txt": first.join(""),
    "new/file.txt": "new\n",
    "both.txt": "same\n",
  });
  writeAll(fork, { "bytes.bin": Buffer.from([0, 255, 13, 10]), "run.sh": "#!/bin/sh\n" });
  chmodSync(join(fork, "run.sh"), 0o755);
  removeAll(fork, ["gone.txt"]);
  await checkpoints.take(fork, theirs);
  writeAll(top, { "a.txt": LINES.with(19, "last, changed here\n").join(""), "both.txt": "same\n", "own.txt": "own\n" });
  lab.git(top, "add", "a.txt");
  const before = contentOf(top);
  const { status: _, ...state } = stateOf(lab, top);
  expect(await checkpoints.merge(top, { base, theirs, undo })).toMatchObject({ written: 5, removed: 1 });
  const merged = LINES.with(0, "first, changed in the fork\n").with(19, "last, changed here\n").join("");
  expect(readFileSync(join(top, "a.txt"), "utf8")).toBe(merged);
  const after = contentOf(top);
  expect([...after.keys()]).toEqual([
    "a.txt",
    "both.txt",
    "bytes.bin",
    "new/file.txt",
    "own.txt",
    "run.sh",
    "untracked.txt",
  ]);
  expect(after.get("run.sh")).toMatch(/^executable/);
  expect(stateOf(lab, top)).toMatchObject(state);
  await checkpoints.restore(top, { to: undo, undo: { ...undo, turn: "again" } });
  expect(contentOf(top)).toEqual(before);
});

given(
  "[CK15] conflicts refuse it with their names before any file is changed, and no driver is run for them",
  async () => {
    const { top, fork } = await forked();
    const witness = join(lab.folder, "witness");
    const driver = join(lab.folder, "driver.sh");
    writeFileSync(driver, `#!/bin/sh\necho ran > ${witness}\nexit 0\n`, { mode: 0o755 });
    lab.git(top, "config", "merge.evil.driver", `${driver} %O %A %B`);
    writeAll(top, { ".gitattributes": "* merge=evil\n" });
    writeAll(fork, { "a.txt": "theirs\n", "gone.txt": "changed there\n", "fine.txt": "fine\n" });
    await checkpoints.take(fork, theirs);
    writeAll(top, { "a.txt": "ours\n" });
    removeAll(top, ["gone.txt"]);
    const before = contentOf(top);
    const outcome = await checkpoints.merge(top, { base, theirs, undo });
    expect(outcome).toMatchObject({ kind: "refused", reason: "conflict", paths: ["a.txt", "gone.txt"] });
    expect(contentOf(top)).toEqual(before);
    expect(() => readFileSync(witness)).toThrow();
  },
);

given(
  "[CK16] two sides are compared file by file: what each added, changed and deleted, and what both did alike",
  async () => {
    const { top, fork } = await forked();
    writeAll(fork, { "a.txt": "fork\n", "both.txt": "same\n", "new.txt": "new\n" });
    await checkpoints.take(fork, theirs);
    writeAll(top, { "both.txt": "same\n", "a.txt": "here\n" });
    removeAll(top, ["gone.txt"]);
    await checkpoints.take(top, { ...ours, turn: "t10" });
    expect(await checkpoints.compare(top, { base, a: { ...ours, turn: "t10" }, b: theirs })).toEqual([
      { path: "a.txt", a: "changed", b: "changed", same: false },
      { path: "both.txt", a: "changed", b: "changed", same: true },
      { path: "gone.txt", a: "deleted", same: false },
      { path: "new.txt", b: "added", same: false },
    ]);
  },
);
