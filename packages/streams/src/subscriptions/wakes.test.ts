import { afterEach, expect, test } from "vitest";
import { claimedBody, subscribed, type Subscribed } from "../testing/subscribed.ts";

let on: Subscribed;
afterEach(async () => {
  await on.close();
  expect(on.errors).toEqual([]);
});

test("[SB15] gap (c): a wake that nobody claims is offered again, later each time, as the same generation", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  expect(await on.wakes()).toMatchObject([{ subscription_id: "s", stream: "events/a", generation: 1 }]);
  const counts: number[] = [];
  for (const wait of [999, 1, 1999, 1, 4000]) {
    on.advance(wait);
    counts.push((await on.wakes()).length);
  }
  expect(counts).toEqual([1, 2, 2, 3, 4]);
  await on.append("events/a", 2);
  const wakes = await on.wakes();
  expect(new Set(wakes.map(({ generation, wake_id }) => `${generation} ${wake_id}`)).size).toBe(1);
  const held = await on.claimed("s");
  expect([held.wake_id, held.generation]).toEqual([wakes[0]?.wake_id, 1]);
  on.advance(9000);
  expect(await on.wakes()).toHaveLength(4);
});

test("[SB15] a worker that dies is followed by another wake when its lease is over", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  await on.claimed("s");
  on.advance(9999);
  await on.wakes();
  on.advance(1);
  const wakes = await on.wakes();
  expect(wakes.map(({ generation }) => generation)).toEqual([1, 2]);
  expect((await on.claimed("s")).wake_id).toBe(wakes[1]?.wake_id);
});

test("[SB15] gap (d): a wake stream that is missing or was deleted is made with the wake", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*", wake_stream: "pool/wakes" });
  await on.append("events/a", 1);
  expect(await on.wakes("pool/wakes")).toHaveLength(1);
  expect((await on.send("DELETE", "pool/wakes")).status).toBe(204);
  on.advance(1000);
  expect(await on.wakes("pool/wakes")).toHaveLength(1);
});

test("[SB16] a wake stream that takes nothing is shown, the work can be claimed, and wakes go on when it is mended", async () => {
  on = subscribed();
  const text = {
    kind: "create-stream",
    path: "/v1/stream/wakes",
    contentType: "text/plain",
    ifExists: "fail",
  } as const;
  await on.store.commit([text]);
  await on.pullWake("s", { pattern: "events/*" });
  await on.append("events/a", 1);
  await on.subscriptions.run();
  const { body } = await on.send("GET", "__ds/subscriptions/s");
  expect(body).toMatchObject({ status: "failed", last_error: expect.stringMatching(/content-type-mismatch/) });
  await on.send("DELETE", "wakes");
  on.advance(1000);
  expect(await on.wakes()).toHaveLength(1);
  expect((await on.send("GET", "__ds/subscriptions/s")).body).toMatchObject({ status: "active" });
  expect((await on.claim("s")).status).toBe(200);
});

test("[SB17] what subscriptions write wakes nobody: two that cover each other's wake streams do not chase each other", async () => {
  on = subscribed();
  await on.pullWake("a", { pattern: "**", wake_stream: "wakes/a" });
  await on.pullWake("b", { pattern: "**", wake_stream: "wakes/b" });
  await on.append("events/x", 1);
  for (let round = 0; round < 3; round += 1) {
    await on.subscriptions.run();
    for (const id of ["a", "b"]) {
      const claim = await on.claim(id);
      if (round > 0) expect(claim.body).toMatchObject({ error: { code: "NO_PENDING_WORK" } });
      else await on.finish(id, claimedBody.parse(claim.body));
    }
  }
  expect((await on.wakes("wakes/a")).length + (await on.wakes("wakes/b")).length).toBe(2);
});

test("[SB12] an append that meets the end of a claim is never lost, whichever commits first", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*" });
  for (let round = 0; round < 40; round += 1) {
    await on.append("events/a", round);
    const held = await on.claimed("s");
    const [ended] = await Promise.all([
      on.finish("s", held),
      on.append("events/a", "meets"),
      ...(round % 2 ? [on.append("events/b", "meets")] : []),
    ]);
    expect(ended.status).toBe(200);
    await on.subscriptions.run();
    const next = await on.claim("s");
    expect(next.status, `round ${round}`).toBe(200);
    await on.finish("s", claimedBody.parse(next.body));
  }
});

test("[SB7] a subscription that ends takes its claims with it at once, and what it kept soon after", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*", streams: ["named"] });
  await on.append("events/a", 1);
  const held = await on.claimed("s");
  expect((await on.send("DELETE", "__ds/subscriptions/s")).status).toBe(204);
  expect((await on.ack("s", held, { done: true })).status).toBe(404);
  expect((await on.send("DELETE", "__ds/subscriptions/s")).status).toBe(404);
  await on.append("events/a", 2);
  await on.subscriptions.run();
  for (const collection of ["ds_links", "ds_marks", "ds_units", "ds_interests", "ds_trash"]) {
    expect((await on.store.queryRecords({ collection, limit: 10 })).records, collection).toEqual([]);
  }
  await on.pullWake("s", { pattern: "events/*" });
  expect((await on.ack("s", held, { done: true })).body).toMatchObject({ error: { code: "FENCED" } });
  expect((await on.claim("s")).body).toMatchObject({ error: { code: "NO_PENDING_WORK" } });
});

test("[SB7] a named stream that is taken away is forgotten, and a pattern that covers it goes on", async () => {
  on = subscribed();
  await on.pullWake("s", { pattern: "events/*", streams: ["named", "events/a"] });
  for (const name of ["named", "events/a"]) {
    expect((await on.send("DELETE", `__ds/subscriptions/s/streams/${encodeURIComponent(name)}`)).status).toBe(204);
    await on.append(name, 1);
  }
  expect((await on.claimed("s")).streams.map(({ path }) => path)).toEqual(["events/a"]);
  expect((await on.send("POST", "__ds/subscriptions/s/streams", { streams: ["named"] })).status).toBe(204);
  await on.append("named", 2);
  expect((await on.send("GET", "__ds/subscriptions/s")).body).toMatchObject({
    streams: expect.arrayContaining([expect.objectContaining({ path: "named", link_type: "explicit" })]),
  });
});
