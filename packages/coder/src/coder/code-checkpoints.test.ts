import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CodingSessionCheckpointRow } from "@skein/sessions";
import { CHECKPOINT_EVENT, sessionStreams } from "@skein/sessions";
import { isChangeEvent } from "@skein/runtime/client";
import { hasGit, NO_GIT } from "../git/testing.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";
import { createImportingAgent } from "../testing/fake-importer.ts";
import { contentOf, createGitLab, stateOf, writeAll } from "../testing/git-lab.ts";
import type { GitLab } from "../testing/git-lab.ts";

const given = test.skipIf(!hasGit);
if (!hasGit) test.skip(NO_GIT);

let lab: CoderLab;
let git: GitLab;
beforeEach(async () => {
  lab = await createCoderLab({ agent: createImportingAgent().agent });
  git = await createGitLab();
});
afterEach(async () => {
  await lab.close();
  await git.close();
});

const start = () => lab.startRunner({ environment: git.environment, worktrees: join(git.folder, "worktrees") });

async function checkpointsOf(session: string): Promise<CodingSessionCheckpointRow[]> {
  const { events } = await lab.client.readStream(sessionStreams(session).main, { last: 500 });
  return events.flatMap((event) =>
    isChangeEvent(event) && event.type === CHECKPOINT_EVENT && event.value !== undefined
      ? [event.value as CodingSessionCheckpointRow]
      : [],
  );
}

/** One prompt, in whose turn the files change so. */
async function turn(view: SessionView, count: number, change: () => void): Promise<string> {
  await view.prompt("go");
  const running = await lab.agent.nextTurn();
  change();
  running.end();
  await view.idle(count);
  return running.promptId;
}

given(
  "[CK12] each turn has a checkpoint before the agent gets its prompt, and one in front of the row that ends it",
  async () => {
    await start();
    const top = git.repository("repo", { "a.txt": "0" });
    const before = stateOf(git, top);
    const view = await lab.spawn("a", { cwd: top });
    const first = await turn(view, 1, () => writeAll(top, { "a.txt": "1", "new.txt": "1" }));
    const rows = await checkpointsOf("a");
    expect(rows.map(({ key }) => key)).toEqual([`${first}:start`, `${first}:end`]);
    const [began, ended] = rows;
    expect(began).toMatchObject({ turn: first, session: "a", directory: top, branch: "refs/heads/main" });
    expect(git.git(top, "cat-file", "blob", `${began?.commit ?? ""}:a.txt`)).toBe("0");
    expect(git.git(top, "cat-file", "blob", `${ended?.commit ?? ""}:a.txt`)).toBe("1");
    expect(git.git(top, "rev-parse", `refs/skein/a/${first}/end`).trim()).toBe(ended?.commit);
    const { status: _, ...rest } = before;
    expect(stateOf(git, top)).toMatchObject(rest);
    const { events } = await lab.client.readStream(sessionStreams("a").main, { last: 500 });
    const keys = events.flatMap((event) => (isChangeEvent(event) ? [event.key] : []));
    const at = (key: string): number => keys.indexOf(key);
    expect(at(first)).toBeLessThan(at(`${first}:start`));
    expect(at(`${first}:start`)).toBeLessThan(at(`${first}:end`));
  },
);

given(
  "[CK12] where there is no repository nothing is told; where one cannot be kept a row says why, and the turn runs",
  async () => {
    await start();
    const view = await lab.spawn("a");
    await turn(view, 1, () => undefined);
    expect(await checkpointsOf("a")).toEqual([]);
    await lab.close();
    lab = await createCoderLab({ agent: createImportingAgent().agent });
    const top = git.repository("repo", { "sub/a.txt": "0" });
    await lab.startRunner({ environment: git.environment, allowedDirectories: [join(top, "sub")] });
    const other = await lab.spawn("b", { cwd: join(top, "sub") });
    await turn(other, 1, () => undefined);
    expect(other.types()).toEqual(["user_message", "turn_complete"]);
    expect((await checkpointsOf("b")).map(({ commit, refused }) => [commit, refused])).toEqual([
      [undefined, expect.stringContaining("may not work")],
      [undefined, expect.stringContaining("may not work")],
    ]);
  },
);

given("[CK13] a rewind waits for its turn, takes the files back, says so, and is undone by one to itself", async () => {
  await start();
  const top = git.repository("repo", { "a.txt": "0" });
  const view = await lab.spawn("a", { cwd: top });
  const first = await turn(view, 1, () => writeAll(top, { "a.txt": "1", "one.txt": "1" }));
  await view.prompt("go");
  const running = await lab.agent.nextTurn();
  const key = await view.send("rewind", { turn: first });
  await view.prompt("after");
  writeAll(top, { "a.txt": "2", "two.txt": "2" });
  const later = contentOf(top);
  running.end();
  const after = await lab.agent.nextTurn();
  const told = view.rows.find(({ promptId }) => promptId === key);
  expect(told).toMatchObject({ type: "notice", actor: "user:test", payload: { kind: "rewind" } });
  expect(readFileSync(join(top, "a.txt"), "utf8")).toBe("1");
  expect(existsSync(join(top, "two.txt"))).toBe(false);
  after.end();
  await view.idle(3);
  await view.send("rewind", { turn: told?.key, edge: "start" });
  await view.until("the undo", () => view.rows.filter(({ payload }) => payload.type === "notice").length === 2);
  expect(contentOf(top)).toEqual(later);
});

given("[CK13] a rewind that is refused says why and changes nothing", async () => {
  await start();
  const top = git.repository("repo", { "a.txt": "0" });
  const view = await lab.spawn("a", { cwd: top });
  const first = await turn(view, 1, () => undefined);
  git.git(top, "rm", "-q", "--cached", "a.txt");
  writeAll(top, { ".gitignore": "a.txt\n", "a.txt": "precious" });
  await view.send("rewind", { turn: first });
  await view.until("the refusal", () => view.types().includes("error"));
  expect(view.rows.at(-1)).toMatchObject({
    payload: { code: "rewind_refused", message: expect.stringMatching(/a\.txt/) },
  });
  expect(readFileSync(join(top, "a.txt"), "utf8")).toBe("precious");
  await view.send("rewind", { turn: "unknown" });
  await view.until("another refusal", () => view.rows.filter(({ type }) => type === "error").length === 2);
  await turn(view, 2, () => undefined);
});

given("[CK12] a turn that a crash cut off ends with a checkpoint of what it had done", async () => {
  const runner = await start();
  const top = git.repository("repo", { "a.txt": "0" });
  const view = await lab.spawn("a", { cwd: top });
  await view.prompt("go");
  const running = await lab.agent.nextTurn();
  writeAll(top, { "a.txt": "half" });
  await runner.crash();
  await start();
  await view.until("the end", () => view.types().includes("turn_aborted"));
  const end = (await checkpointsOf("a")).find(({ key }) => key === `${running.promptId}:end`);
  expect(git.git(top, "cat-file", "blob", `${end?.commit ?? ""}:a.txt`)).toBe("half");
});

given(
  "[CK14] a fork works in the files as they were at its turn, or in the origin's directory, or in an empty one",
  async () => {
    await start();
    const top = git.repository("repo", { "dir/a.txt": "0", "b.txt": "0" });
    const view = await lab.spawn("a", { cwd: join(top, "dir") });
    await turn(view, 1, () => writeAll(top, { "dir/a.txt": "1", "dir/new.txt": "1" }));
    const then = contentOf(top);
    const cut = view.rows.find(({ type }) => type === "turn_complete");
    await turn(view, 2, () => writeAll(top, { "dir/a.txt": "2", "b.txt": "2" }));
    const later = contentOf(top);
    const before = stateOf(git, top);
    const forked = async (id: string, files: "worktree" | "share" | "none") => {
      const { url } = await lab.client.fork(view.url, { id, at: cut?.key ?? "", files });
      const fork = lab.watch(url, id);
      await fork.until("its directory", () => fork.info()?.sessionId === id && fork.status()?.status === "idle");
      return fork.info()?.cwd ?? "";
    };
    const target = join(git.folder, "worktrees", "tree");
    expect(await forked("tree", "worktree")).toBe(join(target, "dir"));
    expect(contentOf(target)).toEqual(then);
    expect(await forked("shared", "share")).toBe(join(top, "dir"));
    expect(contentOf(await forked("empty", "none"))).toEqual(new Map());
    expect(contentOf(top)).toEqual(later);
    expect(stateOf(git, top)).toEqual(before);
  },
);

given("[CK14] a fork whose files cannot be had says so and does not work in anybody's", async () => {
  await start();
  const view = await lab.spawn("a");
  await turn(view, 1, () => undefined);
  const { url } = await lab.client.fork(view.url, { id: "tree", files: "worktree" });
  const fork = lab.watch(url, "tree");
  await fork.until("the reason", () => fork.types().includes("error"));
  expect(fork.rows.find(({ type }) => type === "error")).toMatchObject({ payload: { code: "worktree_failed" } });
  await fork.prompt("go");
  await fork.until("the failure", () => fork.status()?.status === "error");
  expect(fork.status()?.error?.code).toBe("directory_not_found");
});

given("[CK7] the working tree of a fork that has ended is removed when nothing was done in it", async () => {
  const runner = await start();
  const top = git.repository("repo", { "a.txt": "0" });
  const view = await lab.spawn("a", { cwd: top });
  await turn(view, 1, () => writeAll(top, { "a.txt": "1" }));
  for (const id of ["clean", "worked", "alive"]) {
    const { url } = await lab.client.fork(view.url, { id, files: "worktree" });
    const fork = lab.watch(url, id);
    await fork.until("its directory", () => fork.info()?.sessionId === id && fork.status()?.status === "idle");
    if (id !== "alive") await lab.client.kill(url);
  }
  const at = (id: string): string => join(git.folder, "worktrees", id);
  writeAll(at("worked"), { "work.txt": "work" });
  await runner.stop();
  await start();
  await expect.poll(() => existsSync(at("clean")), { timeout: 20_000 }).toBe(false);
  expect([existsSync(at("worked")), existsSync(at("alive"))]).toEqual([true, true]);
});

given(
  "[CK15] a fork's files come back into the origin by a merge, told by a row by which it is undone; a summary too",
  async () => {
    await start();
    const top = git.repository("repo", { "a.txt": "0", "b.txt": "0" });
    const view = await lab.spawn("a", { cwd: top });
    await turn(view, 1, () => writeAll(top, { "a.txt": "1" }));
    const { url } = await lab.client.fork(view.url, { id: "f", files: "worktree", title: "Try" });
    const fork = lab.watch(url, "f");
    await fork.until("its directory", () => fork.info()?.sessionId === "f" && fork.status()?.status === "idle");
    const there = join(git.folder, "worktrees", "f");
    await turn(fork, 2, () => writeAll(there, { "b.txt": "from the fork", "new.txt": "new" }));
    writeAll(top, { "own.txt": "own" });
    const before = contentOf(top);
    await view.send("bring_back", { session: "f", what: "summary" });
    await view.send("bring_back", { session: "f" });
    const told = () => view.rows.filter(({ payload }) => payload.type === "notice" && payload.kind === "bring_back");
    await view.until("both", () => told().length === 2);
    expect(told()[0]?.payload).toMatchObject({ text: expect.stringMatching(/^The fork “Try”: 1 turn/) });
    expect(readFileSync(join(top, "b.txt"), "utf8")).toBe("from the fork");
    expect(existsSync(join(top, "new.txt"))).toBe(true);
    await view.send("rewind", { turn: told()[1]?.key, edge: "start" });
    await view.until("the undo", () =>
      view.rows.some(({ payload }) => payload.type === "notice" && payload.kind === "rewind"),
    );
    expect(contentOf(top)).toEqual(before);
    writeAll(top, { "b.txt": "changed here" });
    await view.send("bring_back", { session: "f" });
    await view.until("the refusal", () => view.types().includes("error"));
    expect(view.rows.at(-1)).toMatchObject({
      payload: { code: "bring_back_refused", message: expect.stringContaining("b.txt") },
    });
    expect(readFileSync(join(top, "b.txt"), "utf8")).toBe("changed here");
  },
);

given("[CK16] a runner compares the files of two sessions when it is asked", async () => {
  const { coders } = await start();
  const top = git.repository("repo", { "a.txt": "0" });
  const view = await lab.spawn("a", { cwd: top });
  const first = await turn(view, 1, () => writeAll(top, { "a.txt": "1" }));
  const second = await turn(view, 2, () => writeAll(top, { "b.txt": "2" }));
  const at = (turn: string, edge = "end") => ({ session: "a", turn, edge });
  const compare = coders.calls["checkpoints.compare"];
  expect(await compare?.({ directory: top, base: at(first, "start"), a: at(first), b: at(second) })).toEqual({
    files: [
      { path: "a.txt", a: "changed", b: "changed", same: true },
      { path: "b.txt", b: "added", same: false },
    ],
  });
  await expect(compare?.({ directory: top, base: at("none"), a: at(first), b: at(second) })).rejects.toMatchObject({
    code: "not_found",
  });
});

given("[CK10] the checkpoints of a session that was deleted are forgotten, and those of others are not", async () => {
  const runner = await start();
  const top = git.repository("repo", { "a.txt": "0" });
  for (const id of ["gone", "there"]) {
    const view = await lab.spawn(id, { cwd: top });
    await turn(view, 1, () => undefined);
    await lab.client.kill(view.url);
  }
  await runner.stop();
  const sessionExists = (session: string): Promise<boolean> => Promise.resolve(session !== "gone");
  await lab.startRunner({ environment: git.environment, sessionExists });
  const refs = (): string => git.git(top, "for-each-ref", "--format=%(refname)", "refs/skein");
  await expect.poll(refs, { timeout: 20_000 }).not.toContain("refs/skein/gone/");
  expect(refs()).toContain("refs/skein/there/");
});
