import type { Store } from "../store.ts";
import { accepted, append, create, fork, produce, put, remove } from "./fixture.ts";

/** Of everything that a store can hold, something: for what copies or compares whole stores. */
export async function writeSample(store: Store): Promise<void> {
  const commit = async (...operations: Parameters<Store["commit"]>[0]) => accepted(await store.commit(operations));
  await commit(create("/plain"), ...Array.from({ length: 50 }, (_, at) => append("/plain", `message ${at} ä 😀`)));
  for (let at = 0; at < 80; at++) await commit(produce("/plain", `p${at}`, "p", 3, at));
  await commit({ ...create("/json"), contentType: "application/json", ttlSeconds: 1_000_000 });
  await commit({ ...append("/json", '{"n":12345678901234567890}'), streamSeq: "0007", close: true });
  await commit(fork("/fork", "/plain", 77), append("/fork", "own"), fork("/fork-of-fork", "/fork"));
  await commit(create("/hidden"), append("/hidden", "a", "b"), fork("/heir", "/hidden", 1), remove("/hidden"));
  let parent = "/plain";
  for (let depth = 0; depth < 70; depth++) {
    await commit(fork(`/chain-${depth}`, parent), append(`/chain-${depth}`, `${depth}`));
    parent = `/chain-${depth}`;
  }
  await commit(append("/plain", "x".repeat(300_000), ""));
  await commit(create("/gone"), append("/gone", "x"), produce("/gone", "y", "q", 1, 0), remove("/gone"));
  await commit(
    put("things", "1", { group: "g", rank: 1, name: "ü" }),
    put("things", "2", { group: "g", rank: 2, name: "n" }),
  );
  await commit(put("things", "1", { group: "h", deep: [1, null, "2"] }), put("plain", "x y", "text"));
}
