import { expect, test } from "vitest";
import { createAgentSlot } from "./agent-slot.ts";

function lab() {
  const log: string[] = [];
  const waiting: ((agent: { end(): Promise<void> }) => void)[] = [];
  let opened = 0;
  const slot = createAgentSlot({
    open() {
      opened += 1;
      log.push(`open ${String(opened)}`);
      return new Promise<{ end(): Promise<void> }>((resolve) => waiting.push(resolve));
    },
    clear() {
      log.push("clear");
      return Promise.resolve();
    },
  });
  const come = (name: string): void =>
    waiting.shift()?.({
      end() {
        log.push(`end ${name}`);
        return Promise.resolve();
      },
    });
  return { slot, log, come };
}

test("[CD23] a process that is ended while it starts is ended when it is there, and only then another begins", async () => {
  const { slot, log, come } = lab();
  const first = slot.ready();
  await expect.poll(() => log).toEqual(["open 1"]);
  const ended = slot.end();
  const second = slot.ready();
  come("one");
  await expect(first).rejects.toThrow("ended");
  await ended;
  await expect.poll(() => log).toEqual(["open 1", "clear", "end one", "clear", "open 2"]);
  come("two");
  expect(await second).toBe(slot.current());
});

test("[CD23] one that was closed is not opened again, and what was on its way is ended", async () => {
  const { slot, log, come } = lab();
  const first = slot.ready();
  await expect.poll(() => log).toEqual(["open 1"]);
  const closed = slot.close();
  come("one");
  await closed;
  await expect(first).rejects.toThrow("ended");
  await expect(slot.ready()).rejects.toThrow("closed");
  expect(log).toEqual(["open 1", "clear", "end one", "clear"]);
});

test("[CD23] one that waits for the end of the last is not begun when it is ended itself", async () => {
  const { slot, log, come } = lab();
  const first = slot.ready();
  come("one");
  await expect.poll(() => log).toEqual(["open 1"]);
  come("one");
  await first;
  void slot.end();
  const second = slot.ready();
  const closed = slot.close();
  await expect(second).rejects.toThrow("ended");
  await closed;
  expect(log.filter((line) => line.startsWith("open"))).toEqual(["open 1"]);
  expect(slot.current()).toBeUndefined();
});
