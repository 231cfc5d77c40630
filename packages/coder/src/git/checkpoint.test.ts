import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentOf, createGitLab, removeAll, stateOf, writeAll } from "../testing/git-lab.ts";
import type { GitLab } from "../testing/git-lab.ts";
import { createCheckpoints } from "./checkpoints.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { statOf } from "./file-stat.ts";
import { hasGit, NO_GIT } from "./testing.ts";

const at = (turn: string, edge: "start" | "end" = "end") => ({ session: "s1", turn, edge });
const given = test.skipIf(!hasGit);
if (!hasGit) test.skip(NO_GIT);

let lab: GitLab;
let checkpoints: Checkpoints;
let now = 1_760_000_000_000;

beforeEach(async () => {
  lab = await createGitLab();
  checkpoints = createCheckpoints({
    environment: lab.environment,
    directories: { allowed: [lab.folder] },
    now: () => (now += 1000),
  });
});
afterEach(() => lab.close());

async function taken(directory: string, name = at("t1")) {
  const made = await checkpoints.take(directory, name);
  if ("kind" in made) throw new Error(JSON.stringify(made));
  return made;
}

/** A person's repository in the middle of something. */
function dirty(name = "repo"): string {
  const library = lab.repository(`${name}-library`, { "lib.txt": "library\n" });
  const top = lab.repository(name, {
    ".gitignore": "ignored/\n*.log\n",
    "kept.txt": "kept\n",
    "changed.txt": "before\n",
    "staged.txt": "before\n",
    "deleted.txt": "deleted\n",
    "old name.txt": "moved with enough text that it is recognised\n",
    "script.sh": "#!/bin/sh\n",
    "tracked.log": "tracked though it is ignored\n",
    "dir/inner/deep.txt": "deep\n",
    "becomes-folder": "a file\n",
    "folder/becomes-file": "in a folder\n",
  });
  lab.git(top, "submodule", "--quiet", "add", library, "sub");
  lab.git(top, "add", "-f", "tracked.log");
  lab.git(top, "commit", "-q", "-m", "submodule");
  writeAll(top, { "stashed.txt": "in the stash\n" });
  lab.git(top, "stash", "push", "-q", "--include-untracked");
  writeAll(top, {
    "changed.txt": "after\r\nwith\nmixed\r\n",
    "staged.txt": "staged\n",
    "untracked/new.txt": "new\n",
    "bytes.bin": Buffer.from([0, 255, 13, 10, 0, 128, 10]),
    "ignored/cache.txt": "cache\n",
    "run.log": "log\n",
    'name with\nline "feed" and ü.txt': "odd\n",
    "sub/lib.txt": "library, changed\n",
    "sub/more/extra.txt": "untracked in the submodule\n",
  });
  lab.git(top, "add", "staged.txt");
  writeAll(top, { "staged.txt": "staged, and changed again\n" });
  removeAll(top, ["deleted.txt", "becomes-folder", "folder"]);
  writeAll(top, { "becomes-folder/inside.txt": "inside\n", folder: "a file now\n" });
  renameSync(join(top, "old name.txt"), join(top, "new name.txt"));
  chmodSync(join(top, "script.sh"), 0o755);
  symlinkSync("kept.txt", join(top, "link"));
  symlinkSync("/nowhere/at all", join(top, "dir", "dangling"));
  mkdirSync(join(top, "empty"));
  return top;
}

given(
  "[CK1][CK2] a checkpoint holds every file as it is, and leaves index, refs, HEAD, stash, logs and status alone",
  async () => {
    const top = dirty();
    const before = stateOf(lab, top);
    const { commit, head, branch } = await taken(join(top, "dir"));
    expect(stateOf(lab, top)).toEqual(before);
    expect(branch).toBe("refs/heads/main");
    expect(head).toBe(lab.git(top, "rev-parse", "HEAD").trim());
    expect(lab.git(top, "rev-parse", `${commit}^`).trim()).toBe(head);
    const bytes = lab.git(top, "cat-file", "blob", `${commit}:changed.txt`);
    expect(bytes).toBe("after\r\nwith\nmixed\r\n");
    const names = lab.git(top, "ls-tree", "-r", "--name-only", "-z", commit).split("\0").slice(0, -1);
    expect(names).toEqual(
      expect.arrayContaining([
        "new name.txt",
        "untracked/new.txt",
        "bytes.bin",
        "becomes-folder/inside.txt",
        "folder",
        "sub",
      ]),
    );
    expect(names).not.toEqual(expect.arrayContaining(["deleted.txt"]));
    expect(names.filter((name) => /ignored|run.log|old name|empty/.test(name))).toEqual([]);
    expect(lab.git(top, "ls-tree", commit, "script.sh", "link")).toMatch(/120000[^]*100755/);
  },
);

given("[CK5][CK6] a working tree at a checkpoint has the same files, byte for byte, on the same commit", async () => {
  const top = dirty();
  await taken(top);
  const before = stateOf(lab, top);
  const wanted = contentOf(top, ["ignored", "run.log"]);
  // What comes later is not in it.
  writeAll(top, { "kept.txt": "later\n", "later.txt": "later\n" });
  const target = join(lab.folder, "worktrees", "fork");
  const order = { directory: join(top, "dir", "inner"), from: at("t1"), as: { ...at("t1"), session: "fork" }, target };
  const made = await checkpoints.makeWorktree(order);
  expect(made).toMatchObject({ top: target, directory: join(target, "dir", "inner") });
  writeAll(top, { "kept.txt": "kept\n" });
  removeAll(top, ["later.txt"]);
  expect(contentOf(target)).toEqual(wanted);
  expect(stateOf(lab, top)).toEqual(before);
  expect(lab.git(target, "rev-parse", "HEAD")).toBe(lab.git(top, "rev-parse", "HEAD"));
  expect(lab.git(join(target, "sub"), "rev-parse", "HEAD")).toBe(lab.git(join(top, "sub"), "rev-parse", "HEAD"));
  const status = (directory: string): string[] =>
    lab
      .git(directory, "-c", "status.renames=false", "status", "--porcelain", "--untracked-files=all")
      .split("\n")
      .map((line) => line.slice(3))
      .sort();
  expect(status(target)).toEqual(status(top));
  expect(lab.git(join(target, "sub"), "status", "--porcelain")).toMatch(/ M lib.txt\n\?\? more\//);
  // Asked for again, it is the same; whatever was done there meanwhile stays.
  writeAll(target, { "work.txt": "work\n" });
  expect(await checkpoints.makeWorktree(order)).toEqual(made);
  expect(readFileSync(join(target, "work.txt"), "utf8")).toBe("work\n");
});

given("[CK5] a working tree that was half made is made anew; a folder that is somebody's is left alone", async () => {
  const top = dirty();
  await taken(top);
  const order = (name: string) => ({
    directory: top,
    from: at("t1"),
    as: { ...at("t1"), session: name },
    target: join(lab.folder, "worktrees", name),
  });
  const whole = await checkpoints.makeWorktree(order("a"));
  expect(whole).toHaveProperty("commit");
  const half = order("b");
  lab.git(top, "worktree", "add", "-q", "--detach", "--no-checkout", half.target);
  writeAll(half.target, { "half.txt": "half\n" });
  await checkpoints.makeWorktree(half);
  expect(contentOf(half.target)).toEqual(contentOf(join(lab.folder, "worktrees", "a")));
  const theirs = order("c");
  writeAll(theirs.target, { "mine.txt": "mine\n" });
  expect(await checkpoints.makeWorktree(theirs)).toMatchObject({ kind: "refused" });
  expect([...contentOf(theirs.target).keys()]).toEqual(["mine.txt"]);
});

given("[CK7] a working tree is removed when nothing was done in it, and kept when anything was", async () => {
  const top = dirty();
  await taken(top);
  for (const change of [
    undefined,
    (target: string) => writeAll(target, { "work.txt": "x" }),
    (target: string) => writeAll(target, { "sub/work.txt": "x" }),
    (target: string) => lab.git(target, "commit", "-q", "--allow-empty", "-m", "work"),
  ]) {
    const as = { ...at("t1"), session: "fork" };
    const target = join(lab.folder, "worktrees", "fork");
    await checkpoints.makeWorktree({ directory: top, from: at("t1"), as, target });
    change?.(target);
    const outcome = await checkpoints.removeWorktree(target, as);
    if (change === undefined) {
      expect(outcome).toBe("removed");
      expect(lab.git(top, "worktree", "list").split("\n")).toHaveLength(2);
    } else {
      expect(outcome).toMatchObject({ kind: "refused", reason: "not_clean" });
      lab.git(join(top, "sub"), "worktree", "remove", "-f", "-f", join(target, "sub"));
      lab.git(top, "worktree", "remove", "-f", "-f", target);
    }
  }
  expect(await checkpoints.removeWorktree(top, at("t1"))).toMatchObject({ kind: "refused" });
});

given(
  "[CK8] a directory goes back to a checkpoint and forward again; index, refs, stash and ignored files stay",
  async () => {
    const top = dirty();
    await taken(top);
    const then = contentOf(top);
    const index = (): string => readFileSync(join(top, ".git", "index")).toString("base64");
    const [refs, staged] = [stateOf(lab, top)["refs"], index()];
    removeAll(top, ["kept.txt", "becomes-folder", "untracked", "link"]);
    rmSync(join(top, "folder"));
    writeAll(top, {
      "changed.txt": "the turn\n",
      "becomes-folder": "a file again\n",
      "folder/a/b.txt": "a folder again\n",
      "sub/lib.txt": "the turn\n",
      "added.txt": "the turn\n",
      link: "not a link\n",
    });
    chmodSync(join(top, "script.sh"), 0o644);
    const later = contentOf(top);
    const restored = await checkpoints.restore(top, { to: at("t1"), undo: at("back", "start") });
    expect(restored).toMatchObject({ undo: { commit: expect.any(String) } });
    expect(contentOf(top)).toEqual(then);
    expect(index()).toBe(staged);
    expect(stateOf(lab, top)["refs"]).toBe(refs);
    await checkpoints.restore(top, { to: at("back", "start"), undo: at("forward", "start") });
    expect(contentOf(top)).toEqual(later);
  },
);

given(
  "[CK9] what a rewind would have to overwrite and nobody has kept refuses it before anything changes",
  async () => {
    const top = lab.repository("repo", { "a.txt": "a\n", "dir/b.txt": "b\n", "c.txt": "c\n" });
    await taken(top);
    removeAll(top, ["a.txt", "dir"]);
    writeAll(top, { ".gitignore": "a.txt\ndir\n", "a.txt": "precious\n", "c.txt": "changed\n" });
    lab.git(top, "rm", "-q", "--cached", "a.txt", "dir/b.txt");
    writeAll(top, { dir: "precious too\n" });
    const before = contentOf(top);
    const outcome = await checkpoints.restore(top, { to: at("t1"), undo: at("x", "start") });
    expect(outcome).toMatchObject({ kind: "refused", reason: "in_the_way", paths: ["a.txt", "dir"] });
    expect(contentOf(top)).toEqual(before);
    expect(await checkpoints.restore(top, { to: at("never"), undo: at("y", "start") })).toMatchObject({
      reason: "no_checkpoint",
    });
  },
);

given(
  "[CK9] a repository that came into the repository since refuses a rewind, and is a checkpoint's part",
  async () => {
    const top = lab.repository("repo", { "a.txt": "a\n" });
    await taken(top);
    lab.repository("repo/cloned", { "in.txt": "in\n" });
    await taken(top, at("t2"));
    expect(await checkpoints.restore(top, { to: at("t1"), undo: at("x", "start") })).toMatchObject({
      paths: ["cloned"],
    });
    writeAll(top, { "cloned/in.txt": "changed\n" });
    await checkpoints.restore(top, { to: at("t2"), undo: at("y", "start") });
    expect(readFileSync(join(top, "cloned/in.txt"), "utf8")).toBe("in\n");
  },
);

given("[CK3] nothing that a repository names is executed: hooks, filters, monitors, drivers, programs", async () => {
  const top = lab.repository("repo", { "a.txt": "a\n", "b.bin": "b\n" });
  const witness = join(lab.folder, "witness");
  const evil = join(lab.folder, "evil.sh");
  writeFileSync(evil, `#!/bin/sh\necho "$0 $@" >> ${witness}\ncat\n`, { mode: 0o755 });
  const hooks = join(top, ".git", "hooks");
  mkdirSync(hooks, { recursive: true });
  for (const hook of ["reference-transaction", "post-checkout", "post-index-change", "pre-commit", "post-commit"]) {
    writeFileSync(join(hooks, hook), `#!/bin/sh\necho ${hook} >> ${witness}\n`, { mode: 0o755 });
  }
  writeAll(top, { ".gitattributes": "* filter=evil diff=evil text eol=crlf working-tree-encoding=UTF-16\n" });
  for (const [key, value] of [
    ["core.hooksPath", hooks],
    ["core.fsmonitor", evil],
    ["filter.evil.clean", evil],
    ["filter.evil.smudge", evil],
    ["filter.evil.process", evil],
    ["filter.evil.required", "true"],
    ["diff.external", evil],
    ["diff.evil.textconv", evil],
    ["diff.evil.command", evil],
    ["core.sshCommand", evil],
    ["core.editor", evil],
    ["core.pager", evil],
    ["gpg.program", evil],
    ["commit.gpgSign", "true"],
    ["core.logAllRefUpdates", "always"],
    ["extensions.partialClone", "origin"],
    ["remote.origin.url", `ext::${evil}`],
    ["remote.origin.promisor", "true"],
    ["protocol.ext.allow", "always"],
  ] as const) {
    lab.git(top, "config", key, value);
  }
  writeAll(top, { "a.txt": "changed\n", "new.txt": "new\n" });
  await taken(top);
  const target = join(lab.folder, "wt");
  const made = await checkpoints.makeWorktree({ directory: top, from: at("t1"), as: at("t1", "start"), target });
  expect(made).toHaveProperty("commit");
  expect(contentOf(target)).toEqual(contentOf(top));
  writeAll(top, { "a.txt": "again\n" });
  await checkpoints.restore(top, { to: at("t1"), undo: at("undo", "start") });
  expect(readFileSync(join(top, "a.txt"), "utf8")).toBe("changed\n");
  expect(await checkpoints.removeWorktree(target, at("t1", "start"))).toBe("removed");
  expect(() => readFileSync(witness)).toThrow();
});

given(
  "[CK4] variables of git in our environment and a configuration that points elsewhere change nothing",
  async () => {
    const top = lab.repository("repo", { "a.txt": "a\n" });
    const other = lab.repository("other", { "b.txt": "b\n" });
    checkpoints = createCheckpoints({
      environment: { ...lab.environment, GIT_DIR: join(other, ".git"), GIT_INDEX_FILE: "/tmp/x", GIT_WORK_TREE: other },
      directories: { allowed: undefined },
      now: () => now,
    });
    const { commit } = await taken(top);
    expect(lab.git(top, "ls-tree", "--name-only", commit)).toBe("a.txt\n");
    lab.git(top, "config", "core.worktree", other);
    expect(await checkpoints.take(top, at("t2"))).toMatchObject({ kind: "refused", reason: "no_repository" });
  },
);

given("[CK4] a checkpoint is refused where there is none to make, and says why", async () => {
  const folder = join(lab.folder, "plain");
  mkdirSync(folder);
  expect(await checkpoints.take(folder, at("t1"))).toMatchObject({ reason: "no_repository" });
  expect(await checkpoints.take(join(lab.folder, "gone"), at("t1"))).toMatchObject({ reason: "no_repository" });
  const bare = join(lab.folder, "bare");
  lab.git(lab.folder, "init", "-q", "--bare", bare);
  expect(await checkpoints.take(bare, at("t1"))).toMatchObject({ reason: "no_repository" });
  const top = lab.repository("repo", { "a.txt": "a\n", "b.txt": "b\n" });
  const inside = createCheckpoints({
    environment: lab.environment,
    directories: { allowed: [join(top, "sub")] },
    now: () => now,
  });
  mkdirSync(join(top, "sub"));
  expect(await inside.take(join(top, "sub"), at("t1"))).toMatchObject({ reason: "not_allowed" });
  const small = { environment: lab.environment, directories: { allowed: undefined }, now: () => now };
  const few = createCheckpoints({ ...small, limits: { files: 1, bytes: 1000 } });
  expect(await few.take(top, at("t1"))).toMatchObject({ reason: "too_large" });
  const light = createCheckpoints({ ...small, limits: { files: 9, bytes: 3 } });
  expect(await light.take(top, at("t1"))).toMatchObject({ reason: "too_large" });
  const without = createCheckpoints({ ...small, environment: { PATH: "/nonexistent" } });
  expect(await without.take(top, at("t1"))).toMatchObject({ reason: "no_git" });
  expect(lab.git(top, "for-each-ref", "refs/skein")).toBe("");
});

given(
  "[CK1] before the first commit, in a linked working tree and with sparse files there are checkpoints too",
  async () => {
    const unborn = lab.repository("unborn");
    writeAll(unborn, { "a.txt": "a\n" });
    const { head, commit } = await taken(unborn);
    expect(head).toBeUndefined();
    expect(lab.git(unborn, "ls-tree", "--name-only", commit)).toBe("a.txt\n");
    const target = join(lab.folder, "wt");
    expect(await checkpoints.makeWorktree({ directory: unborn, from: at("t1"), as: at("x"), target })).toMatchObject({
      reason: "no_commit",
    });
    writeAll(unborn, { "a.txt": "b\n" });
    await checkpoints.restore(unborn, { to: at("t1"), undo: at("u", "start") });
    expect(readFileSync(join(unborn, "a.txt"), "utf8")).toBe("a\n");

    const top = lab.repository("repo", { "in/a.txt": "a\n", "out/b.txt": "b\n" });
    const linked = join(lab.folder, "linked");
    lab.git(top, "worktree", "add", "-q", linked, "-b", "other");
    lab.git(linked, "sparse-checkout", "set", "in");
    writeAll(linked, { "in/a.txt": "changed\n" });
    const state = stateOf(lab, top);
    const sparse = await taken(linked);
    expect(sparse.branch).toBe("refs/heads/other");
    expect(lab.git(top, "ls-tree", "-r", "--name-only", sparse.commit)).toBe("in/a.txt\n");
    expect(stateOf(lab, top)).toEqual(state);
    writeAll(linked, { "in/a.txt": "again\n" });
    await checkpoints.restore(linked, { to: at("t1"), undo: at("u", "start") });
    expect(contentOf(linked)).toEqual(new Map([["in/a.txt", `file ${Buffer.from("changed\n").toString("base64")}`]]));
  },
);

given("[CK1] paths behind a link, pipes, and a submodule that is not there are no files", async () => {
  const library = lab.repository("library", { "lib.txt": "library\n" });
  const origin = lab.repository("origin", { "dir/a.txt": "a\n", "b.txt": "b\n" });
  lab.git(origin, "submodule", "--quiet", "add", library, "sub");
  lab.git(origin, "commit", "-q", "-m", "sub");
  lab.git(lab.folder, "clone", "-q", origin, "clone");
  const top = join(lab.folder, "clone");
  removeAll(top, ["dir", "b.txt"]);
  symlinkSync("/etc", join(top, "dir"));
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [join(top, "b.txt")]);
  const { commit } = await taken(top);
  const listed = lab.git(top, "ls-tree", "-r", commit).replace(/ [0-9a-f]{40}/g, "");
  expect(listed).toBe("100644 blob\t.gitmodules\n120000 blob\tdir\n160000 commit\tsub\n");
  const target = join(lab.folder, "wt");
  await checkpoints.makeWorktree({ directory: top, from: at("t1"), as: at("x"), target });
  rmSync(join(top, "b.txt"));
  expect(contentOf(target)).toEqual(contentOf(top));
});

given("[CK10] of a session's checkpoints the newest are kept, and all go with it; others' stay", async () => {
  const top = lab.repository("repo", { "a.txt": "a\n" });
  checkpoints = createCheckpoints({
    environment: lab.environment,
    directories: { allowed: undefined },
    now: () => (now += 1000),
    keepTurns: 2,
  });
  await taken(top, { ...at("t1"), session: "other" });
  for (const turn of ["t1", "t2", "t3"]) {
    await taken(top, at(turn, "start"));
    await taken(top, at(turn));
  }
  const refs = (): string[] =>
    lab.git(top, "for-each-ref", "--format=%(refname)", "refs/skein").split("\n").slice(0, -1);
  expect(refs()).toEqual([
    "refs/skein/other/t1/end",
    "refs/skein/s1/t2/end",
    "refs/skein/s1/t2/start",
    "refs/skein/s1/t3/end",
    "refs/skein/s1/t3/start",
  ]);
  await checkpoints.forget(top, "s1");
  expect(refs()).toEqual(["refs/skein/other/t1/end"]);
});

given(
  "[CK11] what changed in the same moment is seen, and a cache that is torn or knows lost objects is left out",
  async () => {
    const top = lab.repository("repo", { "a.txt": "1", "b.txt": "b" });
    await taken(top);
    writeAll(top, { "a.txt": "2" });
    const { commit } = await taken(top, at("t2"));
    expect(lab.git(top, "cat-file", "blob", `${commit}:a.txt`)).toBe("2");
    const cache = join(top, ".git", "skein", "s1.json");
    writeFileSync(cache, "{ torn");
    expect((await taken(top, at("t3"))).read).toBe(2);
    const known = ["a.txt", "b.txt"].map((path) => {
      const { kind, executable, size, mtime, ctime, inode } = statOf(top, path) ?? {};
      return [path, "0123456789".repeat(4), kind, executable, size, mtime, ctime, inode];
    });
    writeFileSync(cache, JSON.stringify({ v: 2, files: known }));
    const again = await taken(top, at("t4"));
    expect(lab.git(top, "cat-file", "blob", `${again.commit}:a.txt`)).toBe("2");
  },
);
