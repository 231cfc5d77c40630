import { mainStream, type Claim } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { row, type Fixture } from "../fixture.ts";

const URL = "/hello/a";
const MAIN = mainStream(URL);

/** Messages that are changed before anybody handles them. */
export function inboxRules(on: () => Fixture): void {
  /** The messages as a handler folds them: payloads in their order. */
  const queue = async (): Promise<unknown[]> => {
    const rows = new Map<string, unknown>();
    for (const { type, key, value, headers } of await on().events(MAIN)) {
      if (type !== "inbox") continue;
      if (headers.operation === "delete") rows.delete(key);
      else rows.set(key, value);
    }
    return [...rows.values()].map((value) => (value as { payload: unknown }).payload);
  };
  const edit = (key: string, body: object) => on().call("PATCH", `${URL}/inbox/${key}`, body);
  const takeBack = (key: string) => on().call("DELETE", `${URL}/inbox/${key}`);

  async function queued(...payloads: unknown[]): Promise<string[]> {
    const { runner, spawn, send } = on();
    await runner("r", [{ name: "hello", description: "x", inboxSchemas: { word: { type: "string" } } }]);
    await spawn(URL);
    const keys: string[] = [];
    for (const payload of payloads) keys.push((await send(URL, { payload })).key);
    return keys;
  }

  test("[EN23] a queued message is edited: the handler is given what it says now, the log has both", async () => {
    const [key = ""] = await queued("first", "second");
    const answer = await edit(key, { payload: "better" });
    expect(answer).toMatchObject({ status: 200, body: { key, offset: await on().tail(MAIN) } });
    expect(await queue()).toEqual(["better", "second"]);
    const events = (await on().events(MAIN)).filter((event) => event.key === key);
    expect(events).toMatchObject([
      { headers: { operation: "insert" }, value: { payload: "first" } },
      {
        headers: { operation: "update", principal: "user:test" },
        value: { payload: "better", from: "user:test", editedBy: "user:test" },
      },
    ]);
    expect((await on().claim("r")).entity.url).toBe(URL);
  });

  test("[EN23] a queued message is taken back, once", async () => {
    const [one = "", two = ""] = await queued("one", "two");
    expect((await takeBack(one)).status).toBe(204);
    expect(await queue()).toEqual(["two"]);
    expect(failure(await takeBack(one))).toMatchObject({ status: 404, code: "not_found" });
    expect(failure(await edit(one, { payload: 1 })).code).toBe("not_found");
    expect((await edit(two, { payload: "2" })).status).toBe(200);
    expect(await queue()).toEqual(["2"]);
  });

  test("[EN24] messages are reordered, and their order is the log's", async () => {
    const keys = await queued("a", "b", "c", "d");
    const [a = "", b = "", c = "", d = ""] = keys;
    expect((await edit(d, { before: b })).status).toBe(200);
    expect(await queue()).toEqual(["a", "d", "b", "c"]);
    expect((await edit(a, { after: c, payload: "A" })).status).toBe(200);
    expect(await queue()).toEqual(["d", "b", "c", "A"]);
    const tail = await on().tail(MAIN);
    expect((await edit(b, { after: d })).body).toMatchObject({ offset: tail });
    expect(await on().tail(MAIN)).toBe(tail);
    expect(failure(await edit(b, { after: b })).status).toBe(400);
    expect(failure(await edit(b, { before: a, after: c })).status).toBe(400);
    expect((await takeBack(c)).status).toBe(204);
    expect(failure(await edit(b, { before: c }))).toMatchObject({ status: 409, code: "conflict" });
    expect(await queue()).toEqual(["d", "b", "A"]);
  });

  test("[EN25] what is being handled, or was, is not changed any more", async () => {
    const [key = ""] = await queued("one");
    const held = await on().claim("r");
    const late = (await on().send(URL, { payload: "two" })).key;
    const before = await on().tail(MAIN);
    for (const one of [key, late]) {
      expect(failure(await edit(one, { payload: 2 }))).toMatchObject({ status: 409, code: "conflict" });
      expect(failure(await takeBack(one))).toMatchObject({ status: 409, code: "conflict" });
    }
    expect(await on().tail(MAIN)).toBe(before);
    await on().finish(held);
    expect(failure(await takeBack(key)).code).toBe("conflict");
    expect(failure(await takeBack(late)).code).toBe("conflict");
    expect(failure(await takeBack("none")).code).toBe("not_found");
    await on().call("DELETE", URL);
    expect(failure(await takeBack(key)).code).toBe("entity_ended");
    expect(failure(await on().call("DELETE", "/hello/none/inbox/x")).code).toBe("not_found");
  });

  test("[EN25] a handler that is lost handles nothing any more", async () => {
    const [key = ""] = await queued("one");
    const { leaseMs } = await on().claim("r");
    expect(failure(await takeBack(key)).code).toBe("conflict");
    on().advance(leaseMs);
    expect((await edit(key, { payload: "again" })).status).toBe(200);
    await on().claim("r");
    expect(await queue()).toEqual(["again"]);
  });

  const taken = (held: Claim, seq: number, below: string, seen: string) =>
    on().commit(held, { seq, taken: { below, seen } });

  test("[EN26] a handler says which messages it does not handle yet: those can be changed while it works", async () => {
    const { claim, send, events, committed } = on();
    const [first = ""] = await queued("one");
    const held = await claim("r");
    const behindFirst = await on().tail(MAIN);
    const second = await send(URL, { payload: "two" });
    const third = await send(URL, { payload: "three" });
    expect((await taken(held, 1, behindFirst, behindFirst)).status).toBe(200);
    expect(failure(await edit(first, { payload: 0 })).code).toBe("conflict");
    expect((await edit(second.key, { payload: "2" })).status).toBe(200);
    expect((await edit(third.key, { before: second.key })).status).toBe(200);
    expect(await queue()).toEqual(["one", "three", "2"]);
    // It goes on to the next one, which was put in anew, and takes that.
    const at = (await events(MAIN)).findLastIndex(({ key }) => key === third.key);
    const seen = await on().tail(MAIN);
    const below = `${String(at + 1).padStart(16, "0")}_${"0".repeat(16)}`;
    expect((await taken(held, 2, below, seen)).status).toBe(200);
    expect(failure(await takeBack(third.key)).code).toBe("conflict");
    expect((await takeBack(second.key)).status).toBe(204);
    const ended = await committed(held, { seq: 3, ack: await on().tail(MAIN), done: true });
    expect(ended.more).toBe(false);
  });

  test("[EN27] a handler does not take what was changed behind its back: it reads on and tries again", async () => {
    const { claim, send, tail, committed } = on();
    await queued("one");
    const held = await claim("r");
    const one = await tail(MAIN);
    const second = await send(URL, { payload: "two" });
    await committed(held, { seq: 1, taken: { below: one, seen: one } });
    expect((await edit(second.key, { payload: "2" })).status).toBe(200);
    const writes = [{ stream: MAIN, events: [row("state:x", "began", { key: "began" })] }];
    const body = { seq: 2, taken: { below: second.offset, seen: second.offset }, writes };
    expect(failure(await on().commit(held, body))).toMatchObject({ status: 409, code: "conflict" });
    expect((await on().events(MAIN)).some(({ key }) => key === "began")).toBe(false);
    const seen = await tail(MAIN);
    expect((await on().commit(held, { ...body, taken: { below: second.offset, seen } })).status).toBe(200);
    expect(failure(await edit(second.key, { payload: "3" })).code).toBe("conflict");
    expect(await queue()).toEqual(["one", "2"]);
  });

  test("[EN27] of an edit and a handler that takes the message at the same time one comes first", async () => {
    const { claim, send, tail, committed } = on();
    await queued("one");
    const held = await claim("r");
    const one = await tail(MAIN);
    await committed(held, { seq: 1, taken: { below: one, seen: one } });
    let seq = 2;
    for (let round = 0; round < 5; round += 1) {
      const message = await send(URL, { payload: "old" });
      const seen = await tail(MAIN);
      const [edited, took] = await Promise.all([
        edit(message.key, { payload: "new" }),
        taken(held, seq, message.offset, seen),
      ]);
      expect([edited.status, took.status].toSorted((a, b) => a - b)).toEqual([200, 409]);
      expect((await queue()).at(-1)).toBe(edited.status === 200 ? "new" : "old");
      if (took.status === 200) seq += 1;
      else await committed(held, { seq: seq++, taken: { below: message.offset, seen: await tail(MAIN) } });
    }
  });

  test("[EN28] an edited message is checked like any other", async () => {
    const { runner, spawn, send } = on();
    await runner("r", [{ name: "hello", description: "x", inboxSchemas: { word: { type: "string" } } }]);
    await spawn(URL);
    const { key } = await send(URL, { type: "word", payload: "fine" });
    expect(failure(await edit(key, { payload: 1 })).code).toBe("schema_validation_failed");
    expect(failure(await edit(key, { type: "none" })).code).toBe("unknown_message_type");
    expect(failure(await edit(key, { payload: "x".repeat(600_000) })).code).toBe("too_large");
    expect(failure(await edit(key, {})).code).toBe("invalid_request");
    expect(failure(await edit(key, { afterMs: 5 })).code).toBe("invalid_request");
    expect(await queue()).toEqual(["fine"]);
  });
}
