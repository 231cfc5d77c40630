import { claim, mainStream, ZERO_OFFSET } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, read } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

export function claimRules(on: () => Fixture): void {
  leaseRules(on);
  commitRules(on);
  acknowledgementRules(on);
}

function leaseRules(on: () => Fixture): void {
  test("[WK1] one of many concurrent claims wins", async () => {
    const { runner, spawn, poll, call } = on();
    const names = Array.from({ length: 6 }, (_, n) => `r${n}`);
    for (const name of names) await runner(name, ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: 1 } });
    const answers = await Promise.all([...names, ...names].map((name) => poll(name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(11);
    expect((await call("GET", "/hello/a")).body).toMatchObject({ status: "running" });
  });

  test("[WK1] work is shared out, the longest waiting first", async () => {
    const { runner, spawn, claim, advance, poll } = on();
    await runner("r", ["hello", "other"]);
    for (const url of ["/hello/a", "/other/b", "/hello/c"]) {
      await spawn(url);
      advance(1);
    }
    const claims = [await claim("r"), await claim("r"), await claim("r")];
    expect(claims.map(({ entity: { url } }) => url)).toEqual(["/hello/a", "/other/b", "/hello/c"]);
    expect((await poll("r")).status).toBe(204);
  });

  test("[WK2] a higher generation fences what an older claim still writes, in the store itself", async () => {
    const { runner, spawn, claim, commit, committed, advance, store, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const old = await claim("r");
    advance(old.leaseMs + 1);
    const next = await claim("r");
    expect(next.generation).toBe(old.generation + 1);
    const writes = [{ stream: "/hello/a/main", events: [row("state:x", "late", { key: "late" })] }];
    expect(failure(await commit(old, { seq: 1, writes }))).toMatchObject({ status: 409, code: "fenced" });
    const producer = { id: "claim", epoch: old.generation, seq: 1 };
    const append = { kind: "append", path: "/hello/a/main", messages: [], producer } as const;
    expect(await store.commit([append])).toMatchObject({ kind: "rejected", reason: { kind: "producer-fenced" } });
    await committed(next, { seq: 1, writes });
    expect((await events("/hello/a/main")).filter(({ key }) => key === "late")).toHaveLength(1);
  });

  test("[WK3] an expired claim is offered again without anything cleaning up", async () => {
    const { runner, spawn, claim, poll, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: 1 } });
    const first = await claim("r");
    advance(first.leaseMs - 1);
    expect((await poll("r")).status).toBe(204);
    advance(1);
    const second = await claim("r");
    expect(second).toMatchObject({ from: ZERO_OFFSET, generation: 2 });
    expect(second.claimId).not.toBe(first.claimId);
  });

  test("[WK4] a late heartbeat revives nothing; one in time renews", async () => {
    const { runner, spawn, claim, call, poll, commit, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const { claimId, generation, leaseMs, ...rest } = await claim("r");
    const beat = () => call("POST", "/hello/a/claim/heartbeat", { claimId, generation });
    for (let n = 0; n < 3; n += 1) {
      advance(leaseMs - 1);
      expect(await beat()).toMatchObject({ status: 200, body: { leaseMs } });
    }
    expect((await poll("r")).status).toBe(204);
    advance(leaseMs);
    expect(failure(await beat())).toMatchObject({ status: 409, code: "fenced" });
    expect(failure(await commit({ claimId, generation, leaseMs, ...rest }, { seq: 1 })).code).toBe("fenced");
    expect((await poll("r")).status).toBe(200);
  });

  test("[WK5] a claim's requests need its id and generation", async () => {
    const { runner, spawn, claim, call, commit, dump } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const held = await claim("r");
    const before = await dump();
    const stolen = { ...held, claimId: "x".repeat(43) };
    expect(failure(await commit(stolen, { seq: 1 })).code).toBe("fenced");
    expect(failure(await commit({ ...held, generation: held.generation + 1 }, { seq: 1 })).code).toBe("fenced");
    const { claimId: _, ...without } = held;
    const body = { generation: without.generation };
    expect(failure(await call("POST", "/hello/a/claim/heartbeat", body)).code).toBe("invalid_request");
    expect(failure(await call("POST", "/hello/none/claim/heartbeat", { ...body, claimId: held.claimId })).code).toBe(
      "fenced",
    );
    expect(await dump()).toEqual(before);
    expect(JSON.stringify(await on().store.getRecord("wakes", "/hello/a"))).not.toContain(held.claimId);
  });
}

function commitRules(on: () => Fixture): void {
  test("[WK6] a commit holds over streams, tags, sends and spawns, or not at all", async () => {
    const { runner, spawn, claim, commit, committed, events, call, dump } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await spawn("/hello/b");
    const held = await claim("r");
    const stream = "/_skein/shared-state/board/one";
    const good = [
      { stream: "/hello/a/main", events: [declared("board/one"), row("state:x", "k", { key: "k" })] },
      { stream, create: true, events: [row("note", "n", { key: "n" }, "insert")] },
    ];
    const before = await dump();
    const bad = { stream: "/_skein/shared-state/other", create: true, events: [] };
    const rest = {
      tags: { set: { t: "1" } },
      sends: [{ to: "/hello/b", message: { payload: "from a" } }],
      spawns: [{ type: "hello", id: "child", initialMessage: { payload: 1 } }],
    };
    expect(failure(await commit(held, { seq: 1, writes: [...good, bad], ...rest })).code).toBe("forbidden");
    expect(await dump()).toEqual(before);

    const result = await committed(held, { seq: 1, writes: good, ...rest });
    expect(result).toMatchObject({ duplicate: false });
    expect(Object.keys(result.tails).sort()).toEqual([stream, "/hello/a/main"].sort());
    expect(await events(stream)).toMatchObject([{ key: "n", headers: { principal: "agent:/hello/a" } }]);
    expect((await events("/hello/b/main")).at(-1)).toMatchObject({
      value: { payload: "from a", from: "agent:/hello/a" },
    });
    expect((await call("GET", "/hello/a")).body).toMatchObject({ tags: { t: "1" } });
    expect((await call("GET", "/hello/child")).body).toMatchObject({ parent: "/hello/a", createdBy: "agent:/hello/a" });
  });

  test("[WK7] a repeated seq is answered again and applied once; a gap is refused", async () => {
    const { runner, spawn, claim, commit, committed, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await spawn("/hello/b");
    const held = await claim("r");
    const body = {
      seq: 1,
      writes: [{ stream: "/hello/a/main", events: [row("state:x", "k", { key: "k" })] }],
      sends: [{ to: "/hello/b", message: { payload: 1 } }],
    };
    const answers = await Promise.all([committed(held, body), committed(held, body), committed(held, body)]);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(2);
    expect(new Set(answers.map(({ tails }) => tails["/hello/a/main"])).size).toBe(1);
    expect((await events("/hello/b/main")).filter(({ type }) => type === "inbox")).toHaveLength(1);
    expect(failure(await commit(held, { ...body, seq: 3 }))).toMatchObject({ status: 409, code: "conflict" });
    expect((await committed(held, { seq: 2, done: true, ack: answers[0]?.tails["/hello/a/main"] })).more).toBe(false);
    expect(await committed(held, { seq: 2, done: true })).toMatchObject({ duplicate: true, more: false });
    expect((await events("/hello/a/main")).filter(({ type }) => type === "state:x")).toHaveLength(1);
  });

  test("[WK8] a handler writes to its own stream and to what it has declared, and nowhere else", async () => {
    const { runner, spawn, claim, commit, committed } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await spawn("/hello/b");
    const held = await claim("r");
    const refuse = async (stream: string, events = [row("note", "n", {})]) =>
      failure(await commit(held, { seq: 1, writes: [{ stream, create: true, events }] })).code;
    expect(await refuse("/hello/b/main")).toBe("forbidden");
    expect(await refuse("/v1/stream/x")).toBe("forbidden");
    expect(await refuse("/_skein/directory")).toBe("forbidden");
    expect(await refuse("/_skein/shared-state/board")).toBe("forbidden");
    expect(await refuse("/_skein/shared-state/../hello/b/main")).toBe("forbidden");
    const own = { stream: "/hello/a/main", events: [declared("board")] };
    const board = "/_skein/shared-state/board";
    const write = { stream: board, events: [row("note", "n", {})] };
    expect(failure(await commit(held, { seq: 1, writes: [own, write] })).code).toBe("not_found");
    await committed(held, { seq: 1, writes: [own, { ...write, create: true }] });
    await committed(held, { seq: 2, writes: [write] });
    expect(failure(await commit(held, { seq: 3, writes: [{ ...write, stream: `${board}/live` }] })).code).toBe(
      "forbidden",
    );
    expect(failure(await commit(held, { seq: 3, writes: [{ ...write, stream: `${board}/more` }] })).code).toBe(
      "forbidden",
    );
    await committed(held, {
      seq: 3,
      writes: [{ stream: "/hello/a/main", events: [row("manifest", "shared-state:board", undefined, "delete")] }],
    });
    expect(failure(await commit(held, { seq: 4, writes: [write] })).code).toBe("forbidden");
  });

  test("[WK9] events of the server, unknown state events and bad values refuse the commit", async () => {
    const { runner, spawn, claim, commit, committed, dump } = on();
    const stateSchemas = { "state:count": { type: "object", properties: { n: { type: "integer" } }, required: ["n"] } };
    await runner("r", [{ name: "strict", description: "x", stateSchemas }]);
    await spawn("/strict/a");
    const held = await claim("r");
    const before = await dump();
    const refuse = async (event: unknown) =>
      failure(await commit(held, { seq: 1, writes: [{ stream: "/strict/a/main", events: [event as never] }] })).code;
    for (const type of ["inbox", "signal", "wake", "tag", "entity_created", "entity_ended"]) {
      expect([type, await refuse(row(type, "k", {}))]).toEqual([type, "forbidden"]);
    }
    expect(await refuse(row("state:other", "k", {}))).toBe("unknown_event_type");
    expect(await refuse(row("state:count", "k", { n: "one" }))).toBe("schema_validation_failed");
    expect(await refuse({ type: "state:count", key: "k", headers: {} })).toBe("invalid_request");
    expect(await refuse({ key: "k" })).toBe("invalid_request");
    expect(await refuse(row("run", "r\u0000", { key: "r\u0000", status: "started", startedAt: 1 }))).toBe(
      "invalid_request",
    );
    expect(await refuse(row("run", "r", { key: "other", status: "started", startedAt: 1 }))).toBe("invalid_request");
    expect(await refuse(row("run", "r", undefined, "delete"))).toBe("invalid_request");
    expect(await dump()).toEqual(before);
    const events = [
      row("state:count", "k", { n: 1 }),
      row("state:count", "k", undefined, "delete"),
      row("error", "e", {}),
    ];
    await committed(held, { seq: 1, writes: [{ stream: "/strict/a/main", events }] });
  });

  test("[WK11] sends and spawns that cannot be carried out are reported and fail nothing else", async () => {
    const { runner, spawn, claim, committed, events, call } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    await spawn("/hello/dead");
    await call("DELETE", "/hello/dead");
    const held = await claim("r");
    const result = await committed(held, {
      seq: 1,
      tags: { set: { ok: "1" } },
      sends: [
        { to: "/hello/dead", message: { payload: 1 } },
        { to: "nowhere", message: { payload: 1 } },
        { to: "", message: { payload: 1, idempotencyKey: "k" } },
        { to: "/hello/\u0000", message: { payload: 1, idempotencyKey: "k" } },
        { to: "/hello/a", message: { payload: "self" } },
      ],
      spawns: [
        { type: "none", id: "x" },
        { type: "hello", id: "bad id" },
        { type: "", id: "\u0000", wake: true },
        { type: "hello", id: "fine" },
      ],
    });
    expect(result.refused?.map(({ kind, to, code }) => `${kind} ${to} ${code}`)).toEqual([
      "spawn /none/x unknown_entity_type",
      "spawn /hello/bad id invalid_request",
      "spawn //\u0000 invalid_request",
      "send /hello/dead entity_ended",
      "send nowhere not_found",
      "send  not_found",
      "send /hello/\u0000 not_found",
    ]);
    const history = await events("/hello/a/main");
    expect(history.filter(({ type }) => type === "error")).toHaveLength(7);
    expect(history.filter(({ type }) => type === "inbox")).toHaveLength(1);
    expect((await call("GET", "/hello/fine")).status).toBe(200);
  });
}

function acknowledgementRules(on: () => Fixture): void {
  test("[WK12] done releases; input behind the acknowledged offset is offered again at once", async () => {
    const { runner, spawn, claim, committed, send, poll, tail, call } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: 1 } });
    const first = await claim("r");
    const seen = await tail("/hello/a/main");
    await send("/hello/a", { payload: 2 });
    expect(await committed(first, { seq: 1, ack: seen, done: true })).toMatchObject({ more: true });
    const second = await claim("r");
    expect(second.from).toBe(seen);
    await committed(second, { seq: 1, writes: [{ stream: "/hello/a/main", events: [row("state:x", "k", {})] }] });
    const end = await committed(second, { seq: 2, ack: await tail("/hello/a/main"), done: true });
    expect(end.more).toBe(false);
    expect((await poll("r")).status).toBe(204);
    expect((await call("GET", "/hello/a")).body).toMatchObject({ status: "idle" });
    const bad = (ack: string) => on().commit(second, { seq: 3, ack });
    expect(failure(await bad("9999999999999999_0000000000000000")).status).toBe(409);
  });

  test("[WK12] an acknowledgement is an offset of the stream, and holds before the claim ends", async () => {
    const { runner, spawn, claim, commit, committed, tail, advance } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: 1 } });
    const held = await claim("r");
    for (const ack of ["-1", "now", "", "7", "0000000000000099_0000000000000000"]) {
      expect(failure(await commit(held, { seq: 1, ack })).code).toBe("invalid_request");
    }
    const seen = await tail("/hello/a/main");
    await committed(held, { seq: 1, ack: seen });
    advance(held.leaseMs);
    expect((await claim("r")).from).toBe(seen);
  });

  test("[WK13] a message sent while a claim ends is never lost", async () => {
    const { runner, spawn, poll, committed, send, tail, events } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    let claims = 0;
    for (let round = 0; round < 25; round += 1) {
      const answer = await poll("r");
      if (answer.status === 204) throw new Error(`Round ${round}: the message before was lost.`);
      claims += 1;
      const held = read(claim, answer);
      const ack = await tail("/hello/a/main");
      // The order of these two is the store's to decide.
      await Promise.all([committed(held, { seq: 1, ack, done: true }), send("/hello/a", { payload: round })]);
    }
    expect(claims).toBe(25);
    expect((await events(mainStream("/hello/a"))).filter(({ type }) => type === "inbox")).toHaveLength(25);
  });

  test("[WK14] a claim that is given back is offered again, slower each time when nothing is acknowledged", async () => {
    const { runner, spawn, claim, committed, poll, advance, finish } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a", { initialMessage: { payload: 1 } });
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await committed(await claim("r"), { seq: 1, done: true });
      let waited = 0;
      while ((await poll("r", { acceptClaims: false })).status === 204 && !(await due(on()))) {
        advance(100);
        waited += 100;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([0, 200, 400, 800]);
    expect((await finish(await claim("r"))).more).toBe(false);
    await on().send("/hello/a", { payload: 2 });
    await committed(await claim("r"), { seq: 1, done: true });
    expect(await due(on())).toBe(true);
  });
}

/** Whether something could be claimed, without claiming it. */
async function due({ store }: Fixture): Promise<boolean> {
  const query = { collection: "wakes", index: "due", equals: ["hello"], below: store.now() + 1, limit: 1 };
  return (await store.queryRecords(query)).records.length > 0;
}
