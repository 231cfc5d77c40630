import { expect, test } from "vitest";
import type { Fixture } from "../fixture.ts";
import { append, produce, put, fork } from "../fixture.ts";

export function producerRules(current: () => Fixture): void {
  test("[ST30] a producer counts from 0; what was applied before is a duplicate and changes nothing", async () => {
    const on = current();
    const path = await on.stream();
    await on.commit(produce(path, "a", "p", 1, 0));
    await on.commit(produce(path, "b", "p", 1, 1));
    await on.commit(produce(path, "c", "p", 1, 2));
    for (const seq of [0, 1, 2])
      expect((await on.refusal(produce(path, "again", "p", 1, seq))).reason).toMatchObject({
        kind: "producer-duplicate",
        epoch: 1,
        seq: 2,
        stream: { path, head: 3 },
      });
    expect(await on.texts(path)).toEqual(["a", "b", "c"]);
    expect(await on.store.getProducer(path, "p")).toEqual({ epoch: 1, seq: 2 });
  });

  test("[ST31] a gap is refused, also at the very beginning", async () => {
    const on = current();
    const path = await on.stream();
    const gap = (expected: number, received: number) => ({ kind: "producer-gap", expected, received });
    expect((await on.refusal(produce(path, "x", "p", 5, 1))).reason).toEqual(gap(0, 1));
    await on.commit(produce(path, "a", "p", 5, 0));
    expect((await on.refusal(produce(path, "x", "p", 5, 2))).reason).toEqual(gap(1, 2));
    expect(await on.texts(path)).toEqual(["a"]);
  });

  test("[ST32] a higher epoch begins at 0 and fences the lower ones", async () => {
    const on = current();
    const path = await on.stream();
    await on.commit(produce(path, "a", "p", 1, 0), produce(path, "b", "p", 1, 1));
    expect((await on.refusal(produce(path, "x", "p", 2, 1))).reason).toEqual({
      kind: "producer-epoch-start",
      received: 1,
    });
    await on.commit(produce(path, "c", "p", 7, 0));
    expect((await on.refusal(produce(path, "x", "p", 1, 2))).reason).toEqual({ kind: "producer-fenced", epoch: 7 });
    expect((await on.refusal(produce(path, "x", "p", 1, 1))).reason.kind).toBe("producer-fenced");
    expect(await on.texts(path)).toEqual(["a", "b", "c"]);
  });

  test("[ST33] an append without messages moves only the producer: a fence", async () => {
    const on = current();
    const path = await on.stream(["a"]);
    const [fenced] = await on.commit({ ...append(path), producer: { id: "p", epoch: 3, seq: 0 } });
    expect(fenced).toMatchObject({ kind: "appended", start: 1, stream: { head: 1 } });
    expect((await on.refusal(produce(path, "x", "p", 2, 0))).reason).toEqual({ kind: "producer-fenced", epoch: 3 });
    await on.commit(produce(path, "b", "p", 3, 1));
    expect(await on.texts(path)).toEqual(["a", "b"]);
  });

  test("[ST34] a duplicate refuses the whole commit, whose other parts had taken effect the first time", async () => {
    const on = current();
    const [a, b, id] = [await on.stream(), await on.stream(), on.name("id")];
    const operations = [produce(a, "1", "p", 1, 0), produce(b, "2", "p", 1, 0), put("plain", id, "once")];
    await on.commit(...operations);
    expect(await on.refusal(...operations)).toMatchObject({ operation: 0, reason: { kind: "producer-duplicate" } });
    expect([await on.texts(a), await on.texts(b)]).toEqual([["1"], ["2"]]);
    expect((await on.store.getRecord("plain", id))?.version).toBe(1);
  });

  test("[ST35] a repeated closing append is a duplicate, any other stamp finds the stream closed", async () => {
    const on = current();
    const path = await on.stream();
    const closing = { ...produce(path, "end", "p", 1, 0), close: true };
    await on.commit(closing);
    const fence = { id: "p", epoch: 0, seq: 0 };
    expect((await on.refusal({ ...closing, producer: fence })).reason).toEqual({ kind: "producer-fenced", epoch: 1 });
    expect((await on.refusal(closing)).reason).toMatchObject({
      kind: "producer-duplicate",
      stream: { closed: true, head: 1 },
    });
    const only = { ...append(path), close: true };
    expect((await on.refusal({ ...only, producer: { id: "p", epoch: 1, seq: 0 } })).reason.kind).toBe(
      "producer-duplicate",
    );
    for (const producer of [
      { id: "p", epoch: 1, seq: 1 },
      { id: "q", epoch: 0, seq: 0 },
    ])
      expect((await on.refusal({ ...only, producer })).reason.kind).toBe("stream-closed");
  });

  test("[ST36] producers are of one stream and independent of each other; a fork begins without them", async () => {
    const on = current();
    const [a, b] = [await on.stream(), await on.stream()];
    await on.commit(produce(a, "1", "p", 9, 0), produce(a, "2", "q", 0, 0));
    await on.commit(produce(b, "1", "p", 0, 0));
    const forked = on.name("fork");
    await on.commit(fork(forked, a));
    expect(await on.store.getProducer(forked, "p")).toBeUndefined();
    await on.commit(produce(forked, "3", "p", 0, 0));
    expect(await on.store.getProducer(a, "p")).toEqual({ epoch: 9, seq: 0 });
    expect(await on.store.getProducer(a, "none")).toBeUndefined();
    expect(await on.store.getProducer(on.name(), "p")).toBeUndefined();
  });

  test("[ST37] of many that claim the same stamp at the same time, one wins", async () => {
    const on = current();
    const path = await on.stream();
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => on.store.commit([produce(path, String(index), "p", 0, 0)])),
    );
    expect(outcomes.filter(({ kind }) => kind === "committed")).toHaveLength(1);
    expect((await on.info(path)).head).toBe(1);
  });
}
