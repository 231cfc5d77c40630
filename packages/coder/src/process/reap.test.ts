import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../clock.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { SESSION_MARKER, sessionMarker } from "./marker.ts";
import { procTable } from "./process-table.ts";
import { descendants, parsePs, processTree } from "./process-tree.ts";
import { reap } from "./reap.ts";
import { createReaper } from "./reaper.ts";

/** Finding processes by their environment needs /proc. */
const linuxTest = test.skipIf(process.platform !== "linux");
const owner = `test-${String(process.pid)}`;
const table = procTable();
const reaper = createReaper({ owner, table, clock: systemClock });
const children: ChildProcess[] = [];

afterEach(async () => {
  await reaper.endAll();
  children.length = 0;
});

async function start(session: string, script: string): Promise<ChildProcess> {
  const env = { PATH: process.env["PATH"], [SESSION_MARKER]: sessionMarker(owner, session) };
  const child = spawn("sh", ["-c", script], { env, stdio: ["ignore", "pipe", "ignore"], detached: true });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}
const found = async (session: string) =>
  (await table.find((marker) => marker === sessionMarker(owner, session))).length;

linuxTest("[CD17] everything of a session is found and ended, in whatever session or group it is", async () => {
  await start(
    "a",
    "setsid sleep 600 & (nohup sleep 601 >/dev/null &) ; trap '' TERM; echo up; while :; do sleep 1; done",
  );
  await start("b", "echo up; sleep 600");
  await expect.poll(() => found("a"), { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  await reaper.endSession("a");
  expect(await found("a")).toBe(0);
  expect(await found("b")).toBeGreaterThan(0);
});

linuxTest("[CD17] commands of a turn end without the agent, its helpers and what was there before", async () => {
  const agent = await start("a", "sleep 600 & setsid sleep 601 & echo up; wait");
  await expect.poll(() => found("a"), { timeout: 10_000 }).toBe(3);
  const since = (await reaper.ticks()) + 1;
  await expect.poll(() => reaper.ticks(), { timeout: 10_000 }).toBeGreaterThan(since);
  await start("a", "echo up; sleep 602");
  await expect.poll(() => found("a"), { timeout: 10_000 }).toBe(5);
  await reaper.endCommands("a", { pid: agent.pid ?? 0, since });
  expect(await found("a")).toBe(3);
});

linuxTest("[CD19] what a crash of ours left is ended at the next start, of this owner only", async () => {
  await start("a", "echo up; sleep 600");
  await createReaper({ owner: `${owner}-other`, table, clock: systemClock }).endAll();
  expect(await found("a")).toBeGreaterThan(0);
  await reaper.endAll();
  expect(await found("a")).toBe(0);
});

test("a process is asked to end before it is made to, and only while it is the same", async () => {
  const clock = createManualClock();
  const signals: string[] = [];
  const alive = new Set([7, 8]);
  const deps = {
    clock: {
      ...clock,
      after(_ms: number, run: () => void) {
        clock.pass(100);
        run();
        return () => undefined;
      },
    },
    table: {
      find: () => Promise.resolve([...alive].map((pid) => ({ pid, session: 1, startedAt: 1, marker: "m" }))),
      ticks: () => Promise.resolve(0),
    },
    kill: (pid: number, signal: string) => {
      signals.push(`${String(pid)} ${signal}`);
      if (pid === 7 || signal === "SIGKILL") alive.delete(pid);
    },
  };
  expect(await reap(deps, { accepts: () => true, graceMs: 300 })).toEqual([]);
  expect(signals).toEqual(["7 SIGTERM", "8 SIGTERM", "8 SIGKILL"]);
});

test("a process tree is read from ps, children first", () => {
  const children = parsePs("  1 0\n 10 1\n 11 10\n 12 11\n 20 1\nnonsense\n");
  expect(descendants(10, children)).toEqual([12, 11, 10]);
  expect(descendants(99, children)).toEqual([99]);
});

test("the tree of a living process has its children", async () => {
  const child = await start("tree", "sleep 600 & echo up; wait");
  expect((await processTree(child.pid ?? 0)).length).toBeGreaterThanOrEqual(2);
});
