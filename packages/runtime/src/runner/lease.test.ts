import { SkeinError } from "@skein/protocol";
import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { startLease } from "./lease.ts";

const unreachable = new SkeinError("unavailable", "no network");

function setUp(answer: () => Promise<{ leaseMs: number }>) {
  const clock = createManualClock();
  const beats: number[] = [];
  const lost: SkeinError[] = [];
  const start = clock.now();
  const lease = startLease({
    clock,
    leaseMs: 30_000,
    heartbeat: () => {
      beats.push(clock.now() - start);
      return answer();
    },
    onLost: (error) => lost.push(error),
  });
  return { clock, beats, lost, lease };
}

test("[RT28] a heartbeat is sent every third of the lease, and none after the end", async () => {
  const { clock, beats, lost, lease } = setUp(async () => ({ leaseMs: 30_000 }));
  await clock.advance(35_000);
  expect(beats).toEqual([10_000, 20_000, 30_000]);
  lease.stop();
  await clock.advance(60_000);
  expect(beats).toHaveLength(3);
  expect(lost).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("[RT29] a claim is lost when the lease runs out unreached, and not before", async () => {
  let reachable = true;
  const { clock, lost } = setUp(async () => {
    if (!reachable) throw unreachable;
    return { leaseMs: 30_000 };
  });
  await clock.advance(15_000);
  reachable = false;
  await clock.advance(21_000);
  expect(lost).toEqual([]);
  await clock.advance(3_000);
  expect(lost).toMatchObject([{ code: "fenced" }]);
  expect(clock.pending).toBe(0);
});

test("[RT29] a heartbeat that is never answered is given up and sent again", async () => {
  const { clock, beats, lost } = setUp(() => new Promise(() => undefined));
  await clock.advance(25_000);
  expect(beats).toEqual([10_000, 21_000]);
  expect(lost).toEqual([]);
  await clock.advance(10_000);
  expect(lost).toMatchObject([{ code: "fenced" }]);
});

test("[RT30] after the clock jumped the server is asked first: the claim is lost only if it says so", async () => {
  let fenced = false;
  const { clock, beats, lost, lease } = setUp(async () => {
    if (fenced) throw new SkeinError("fenced", "somebody else has it");
    return { leaseMs: 30_000 };
  });
  clock.jump(3_600_000);
  lease.suspect();
  await clock.advance(0);
  expect(beats).toEqual([3_600_000]);
  expect(lost).toEqual([]);
  fenced = true;
  clock.jump(3_600_000);
  lease.suspect();
  await clock.advance(0);
  expect(lost).toMatchObject([{ code: "fenced", message: "somebody else has it" }]);
});
