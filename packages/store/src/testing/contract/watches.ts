import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, create, put, remove } from "../fixture.ts";

export function watchRules(current: () => Fixture): void {
  test("[ST90] a watcher hears of every change of its stream once the change can be read, and not of others", async () => {
    const on = current();
    const [path, other] = [on.name(), await on.stream()];
    const seen: Promise<number>[] = [];
    const stop = on.store.watchStream(path, () => seen.push(on.info(path).then(({ head }) => head)));
    await on.commit(create(path), append(path, "a"));
    await expect.poll(async () => (await Promise.all(seen)).at(-1)).toBe(1);
    await on.commit(append(path, "b"));
    await expect.poll(async () => (await Promise.all(seen)).at(-1)).toBe(2);
    const count = seen.length;
    await on.commit(append(other, "x"));
    await on.refusal(create(path));
    expect(seen).toHaveLength(count);
    stop();
    stop();
    await on.commit(append(path, "c"));
    await on.commit(append(other, "y"));
    expect(seen).toHaveLength(count);
  });

  test("[ST91] a collection's watcher hears of puts and deletes", async () => {
    const on = current();
    let heard = 0;
    const stop = on.store.watchCollection("plain", () => heard++);
    await on.commit(put("ids", "else", 1));
    expect(heard).toBe(0);
    const id = on.name("id");
    await on.commit(put("plain", id, 1));
    await expect.poll(() => heard).toBeGreaterThan(0);
    const before = heard;
    await on.commit({ kind: "delete-record", collection: "plain", id });
    await expect.poll(() => heard).toBeGreaterThan(before);
    stop();
  });

  test("[ST92] a listener is never called from within the call of `commit`", async () => {
    const on = current();
    const path = await on.stream();
    let calling = true;
    const heard = new Promise<boolean>((resolve) => {
      on.store.watchStream(path, () => resolve(calling));
    });
    const commit = on.store.commit([append(path, "a")]);
    calling = false;
    await commit;
    expect(await heard).toBe(false);
  });

  test("[ST93] several listeners of one stream are told, each until it stops; deletion is a change", async () => {
    const on = current();
    const path = await on.stream();
    const counts = [0, 0];
    const stops = counts.map((_, index) =>
      on.store.watchStream(path, () => (counts[index] = (counts[index] ?? 0) + 1)),
    );
    await on.commit(append(path, "a"));
    await expect.poll(() => counts.every((count) => count > 0)).toBe(true);
    stops[0]?.();
    const before = [...counts];
    await on.commit(remove(path));
    await expect.poll(() => counts[1]).toBeGreaterThan(before[1] ?? 0);
    expect(counts[0]).toBe(before[0]);
    stops[1]?.();
  });
}
