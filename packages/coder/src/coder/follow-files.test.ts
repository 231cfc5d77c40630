import { appendFile, mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Message } from "@skein/protocol";
import type { NativeSessions } from "../adapter.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import type { ManualClock } from "../testing/manual-clock.ts";
import { createFileFollower, QUIET_MS } from "./follow-files.ts";
import type { FileFollower } from "./follow-files.ts";

const START = 1_700_000_000_000;
let folder: string;
let path: string;
let clock: ManualClock;
let follower: FileFollower;
const sent: Message[] = [];
let rested = START;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skein-follow-"));
  path = join(folder, "s.jsonl");
  sent.length = 0;
  rested = START;
  clock = createManualClock(START);
  await write("one\n", START - 1000);
  follower = createFileFollower({
    clock,
    listCoders: () => Promise.resolve([coder("attached")]),
    sessionsOf: () => sessions,
    send: (_url, message) => Promise.resolve(sent.push(message)),
  });
  follower.start();
});
afterEach(async () => {
  follower.stop();
  await rm(folder, { recursive: true });
});

function coder(nativeSessionId: string) {
  const args = { agent: "claude", nativeSessionId };
  return { url: "/coder/s", args, status: "idle", tags: {}, updatedAt: rested } as const;
}
const sessions: Pick<NativeSessions, "find"> = {
  async find(id) {
    if (id !== "attached") return undefined;
    const found = await stat(path);
    return { id, path, sizeBytes: found.size, updatedAt: found.mtimeMs };
  },
};
async function write(text: string, at: number): Promise<void> {
  await appendFile(path, text).catch(() => writeFile(path, text));
  await utimes(path, at / 1000, at / 1000);
}
/** Lets a look happen: the clock says when, and the disk takes its own time. */
async function look(ms = 1000): Promise<void> {
  const looked = follower.looks();
  clock.pass(ms);
  await expect.poll(() => follower.looks()).toBeGreaterThan(looked);
}

test("[FK21] what was there when the coder rested last wakes nobody, and what is new wakes it once", async () => {
  await look();
  await look();
  expect(sent).toEqual([]);
  await write("two\n", START + 2500);
  await look();
  expect(sent).toEqual([]); // it may still be being written
  await look();
  expect(sent).toMatchObject([{ type: "catch_up", payload: {} }]);
  await look();
  await look();
  expect(sent).toHaveLength(1);
  // Read in the middle of a turn, perhaps: once more when nobody writes any more.
  await look(QUIET_MS);
  expect(sent).toHaveLength(2);
  expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  await look(QUIET_MS);
  expect(sent).toHaveLength(2);
});

test("[FK21] what the coder's own turn wrote wakes nobody, nor anything while it works", async () => {
  await look();
  follower.begin("/coder/s");
  await write("two\n", START + 1500);
  await look();
  await look();
  const { size, mtimeMs } = await stat(path);
  follower.end("/coder/s", { path, sizeBytes: size, updatedAt: mtimeMs, ownUntil: START + 5000 });
  await write("late\n", START + 4000);
  await look();
  await look();
  expect(sent).toEqual([]);
  await write("from a terminal\n", START + 6000);
  await look();
  await look();
  expect(sent).toHaveLength(1);
});

test("[FK20] what was written while no runner ran wakes the coder; a file that never rests is read now and then", async () => {
  await write("meanwhile\n", START + 500);
  await look();
  await look();
  expect(sent).toHaveLength(1);
  for (let n = 0; n < 25; n += 1) {
    await write("more\n", START + 3000 + n * 1000);
    await look();
  }
  expect(sent.length).toBeGreaterThanOrEqual(3);
  expect(sent.length).toBeLessThanOrEqual(4);
});
