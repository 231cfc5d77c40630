import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { createFlusher } from "./flusher.ts";

const settle = () => new Promise(setImmediate);

test("rows that come together are committed together, and much at once", async () => {
  const clock = createManualClock();
  let commits = 0;
  const flusher = createFlusher({ clock, flush: async () => void (commits += 1), onRefused: () => undefined });
  for (let row = 0; row < 10; row += 1) flusher.soon(100);
  await settle();
  expect(commits).toBe(0);
  clock.pass(40);
  await settle();
  expect(commits).toBe(1);
  flusher.soon(300 * 1024);
  await settle();
  expect(commits).toBe(2);
  await flusher.now();
  expect(commits).toBe(3);
});

test("one commit at a time, and none after one that was refused", async () => {
  const clock = createManualClock();
  const refused: unknown[] = [];
  let running = 0;
  let most = 0;
  let commits = 0;
  const flush = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
    if ((commits += 1) === 2) throw new Error("fenced");
  };
  const flusher = createFlusher({ clock, flush, onRefused: (error) => refused.push(error) });
  const results = await Promise.allSettled([flusher.now(), flusher.now(), flusher.now()]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(most).toBe(1);
  expect(commits).toBe(2);
  expect(refused).toHaveLength(1);
});
