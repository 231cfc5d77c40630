import { expect, test } from "vitest";
import type { ChangeEvent } from "@skein/protocol";
import type { CodingSessionDelta } from "@skein/sessions";
import { createManualClock } from "../testing/manual-clock.ts";
import { createLiveDeltas } from "./live-deltas.ts";

const delta = (key: string, at: number, text: string): CodingSessionDelta => ({
  key,
  runId: "1",
  kind: "text",
  at,
  text,
});

function lab() {
  const clock = createManualClock();
  const sent: (readonly ChangeEvent[])[] = [];
  const live = createLiveDeltas({
    clock,
    send: (events) => {
      sent.push(events);
      return Promise.resolve();
    },
  });
  const texts = () => sent.map((events) => events.map(({ value }) => value));
  return { clock, sent, live, texts };
}

test("[CD25] a second of deltas is twenty appends at most, joined in order", async () => {
  const { clock, sent, live } = lab();
  for (let at = 0; at < 1000; at += 1) {
    live.add(delta("m", at, "x"));
    clock.pass(1);
    await Promise.resolve();
  }
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.length).toBeLessThanOrEqual(20);
  expect(sent.every((events) => events.length === 1)).toBe(true);
  expect(sent.map(([event]) => event?.value)[1]).toMatchObject({ key: "m", at: expect.any(Number) });
});

test("[CD25] a send that takes long is not overtaken, and one that fails is not repeated", async () => {
  const clock = createManualClock();
  const sends: { events: readonly ChangeEvent[]; fail: (error: Error) => void }[] = [];
  const live = createLiveDeltas({
    clock,
    send: (events) => new Promise((_resolve, reject) => sends.push({ events, fail: reject })),
  });
  live.add(delta("m", 0, "a"));
  clock.pass(50);
  live.add(delta("m", 1, "b"));
  clock.pass(500);
  expect(sends).toHaveLength(1);
  sends[0]?.fail(new Error("offline"));
  await new Promise(setImmediate);
  clock.pass(50);
  expect(sends.map(({ events }) => events.map(({ value }) => value))).toEqual([
    [delta("m", 0, "a")],
    [delta("m", 1, "b")],
  ]);
});

test("[CD25] nothing comes after the row that completes it", () => {
  const { clock, live, texts } = lab();
  live.add(delta("m:0", 0, "done"));
  live.add(delta("m:1", 0, "next"));
  live.complete("m:0");
  clock.pass(50);
  expect(texts()).toEqual([[delta("m:1", 0, "next")]]);
});

test("[CD25] what was taken back is told as such, and not joined with what comes after", () => {
  const { clock, live, texts } = lab();
  live.add(delta("m", 0, "wrong"));
  live.add(delta("m", 0, ""));
  live.add(delta("n", 0, "right"));
  clock.pass(50);
  expect(texts()).toEqual([[delta("m", 0, "wrong"), delta("m", 0, ""), delta("n", 0, "right")]]);
});

test("[CD25] what waits is dropped when the turn ends", () => {
  const { clock, live, sent } = lab();
  live.add(delta("m", 0, "x"));
  live.stop();
  clock.pass(1000);
  expect(sent).toEqual([]);
});
