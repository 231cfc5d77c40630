import type { Claim } from "@skein/protocol";
import { formatOffset, sharedStateStream } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure, type Answer } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

export function checkpointRules(on: () => Fixture): void {
  const ask = (
    method: "PUT" | "GET",
    held: Claim,
    stream: string,
    { body, position, claimId = held.claimId }: { body?: string; position?: string; claimId?: string } = {},
  ): Promise<Answer> =>
    on().call(method, `${held.entity.url}/claim/checkpoint?stream=${stream}`, body, {
      "content-type": "application/octet-stream",
      "skein-claim": claimId,
      "skein-generation": String(held.generation),
      ...(position !== undefined && { "skein-position": position }),
    });
  const claimed = async (url: string): Promise<Claim> => {
    const { runner, spawn, claim } = on();
    await runner("r", ["hello"]);
    await spawn(url);
    return claim("r");
  };

  test("[CP3] the newest checkpoint of a stream is the only one that is kept", async () => {
    const { store } = on();
    const held = await claimed("/hello/a");
    const main = "/hello/a/main";
    expect(failure(await ask("GET", held, main))).toMatchObject({ status: 404, code: "not_found" });
    const position = formatOffset(1);
    expect((await ask("PUT", held, main, { body: "first", position })).status).toBe(204);
    expect((await ask("GET", held, main)).body).toBe("first");
    const large = "é".repeat(1_500_000);
    expect((await ask("PUT", held, main, { body: large, position })).status).toBe(204);
    expect((await ask("GET", held, main)).body).toBe(large);
    const kept = await store.listStreams({ prefix: "/hello/a/", limit: 10 });
    expect(kept.map(({ path }) => path)).toEqual(["/hello/a/checkpoint/main", "/hello/a/main"]);
    const tooLarge = await ask("PUT", held, main, { body: "x".repeat(4 * 1024 * 1024 + 1), position });
    expect(failure(tooLarge)).toMatchObject({ status: 413, code: "too_large" });
    expect((await ask("GET", held, main)).body).toBe(large);
  });

  test("[CP4] a checkpoint of what the log has not reached is refused, and one of a stream that was made anew is not there", async () => {
    const { committed, store } = on();
    const held = await claimed("/hello/a");
    const position = formatOffset(99);
    const ahead = await ask("PUT", held, "/hello/a/main", { body: "x", position });
    expect(failure(ahead)).toMatchObject({ status: 400, code: "invalid_request" });
    expect(failure(await ask("PUT", held, "/hello/a/main", { body: "x" }))).toMatchObject({ status: 400 });

    const stream = sharedStateStream("board");
    const writes = [
      { stream: "/hello/a/main", events: [declared("board")] },
      { stream, create: true, events: [row("card", "1", { key: "1" })] },
    ];
    await committed(held, { seq: 1, writes });
    expect((await ask("PUT", held, stream, { body: "cards", position: formatOffset(1) })).status).toBe(204);
    expect((await ask("GET", held, stream)).body).toBe("cards");
    await store.commit([
      { kind: "delete-stream", path: stream },
      { kind: "create-stream", path: stream, contentType: "application/json", ifExists: "fail" },
      { kind: "append", path: stream, messages: [new TextEncoder().encode("{}")] },
    ]);
    expect(failure(await ask("GET", held, stream))).toMatchObject({ status: 404, code: "not_found" });
  });

  test("[CP5] checkpoints are for the holder of the claim, and for streams that the entity reads", async () => {
    const { advance, claim } = on();
    const held = await claimed("/hello/a");
    const main = "/hello/a/main";
    const order = { body: "mine", position: formatOffset(1) };
    expect((await ask("PUT", held, main, order)).status).toBe(204);
    for (const method of ["PUT", "GET"] as const) {
      const stolen = await ask(method, held, main, { ...(method === "PUT" && order), claimId: "another" });
      expect(failure(stolen)).toMatchObject({ status: 409, code: "fenced" });
      for (const stream of [
        "/hello/b/main",
        sharedStateStream("board"),
        "/hello/a/checkpoint/main",
        "",
        "/v1/stream/x",
      ]) {
        const other = await ask(method, held, stream, method === "PUT" ? order : {});
        expect(failure(other)).toMatchObject({ status: 403, code: "forbidden" });
      }
    }
    expect((await on().call("GET", "/hello/a/checkpoint/main?offset=-1")).status).toBe(404);
    advance(held.leaseMs + 1);
    expect(failure(await ask("PUT", held, main, order))).toMatchObject({ status: 409, code: "fenced" });
    expect((await ask("GET", await claim("r"), main)).body).toBe("mine");
  });

  test("[CP5] the checkpoints of an entity that is killed are deleted", async () => {
    const { call, store } = on();
    const held = await claimed("/hello/a");
    await ask("PUT", held, "/hello/a/main", { body: "x", position: formatOffset(1) });
    expect((await call("DELETE", "/hello/a")).status).toBe(200);
    const kept = await store.listStreams({ prefix: "/hello/a/", limit: 10 });
    expect(kept.map(({ path }) => path)).toEqual(["/hello/a/main"]);
    const late = await ask("PUT", held, "/hello/a/main", { body: "x", position: formatOffset(1) });
    expect(failure(late)).toMatchObject({ status: 409, code: "fenced" });
  });
}
