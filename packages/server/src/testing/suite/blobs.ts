import { createHash } from "node:crypto";
import type { Claim } from "@skein/protocol";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

const SESSION = "/_skein/shared-state/coder-session/s1";

/** A coder that drives the session s1. */
async function startCoder(fixture: Fixture): Promise<Claim> {
  await fixture.runner("r", ["coder"]);
  await fixture.spawn("/coder/a");
  const held = await fixture.claim("r");
  await fixture.committed(held, {
    seq: 1,
    writes: [
      { stream: "/coder/a/main", events: [declared("coder-session/s1")] },
      { stream: SESSION, create: true, events: [row("x", "x", {})] },
    ],
  });
  return held;
}

const pathOf = (content: string | Uint8Array) =>
  `${SESSION}/blobs/${createHash("sha256").update(content).digest("hex")}`;

function put(fixture: Fixture, held: Claim, content: string, changes: Record<string, string> = {}) {
  const { path = pathOf(content), type = "text/plain; charset=utf-8", ...headers } = changes;
  const url = `/coder/a/claim/blob?stream=${encodeURIComponent(path)}`;
  const claim = { "skein-claim": held.claimId, "skein-generation": String(held.generation) };
  return fixture.call("PUT", url, content, { "content-type": type, ...claim, ...headers });
}

export function blobRules(on: () => Fixture): void {
  test("[RS10] large content is kept once, under its hash, by the coder that drives the session", async () => {
    const fixture = on();
    const { call, dump, spawn, claim, committed } = fixture;
    const held = await startCoder(fixture);
    const large = "a line of output\n".repeat(100_000);
    expect((await put(fixture, held, large)).status).toBe(204);
    const kept = await dump();
    expect((await put(fixture, held, large)).status).toBe(204);
    expect((await put(fixture, held, large, { type: "image/png" })).status).toBe(204);
    const read = await call("GET", pathOf(large));
    expect(read.body).toBe(large);
    expect((await put(fixture, held, "")).status).toBe(204);
    expect((await call("GET", pathOf(""))).body).toBe("");
    const bad = [
      put(fixture, held, "other", { path: pathOf(large) }),
      put(fixture, held, "other", { path: SESSION }),
      put(fixture, held, "other", { path: `${SESSION}/native` }),
      put(fixture, held, "other", { path: `${SESSION}/blobs/../x` }),
      put(fixture, held, "x".repeat(16 * 1024 * 1024 + 1)),
    ];
    const codes = ["invalid_request", "invalid_request", "invalid_request", "invalid_request", "too_large"];
    expect((await Promise.all(bad)).map((answer) => failure(answer).code)).toEqual(codes);
    const elsewhere = pathOf("other").replace("/s1/", "/s2/");
    expect(failure(await put(fixture, held, "other", { path: elsewhere })).code).toBe("forbidden");
    expect(failure(await put(fixture, held, "other", { "skein-claim": "guess" })).code).toBe("fenced");
    expect((await call("POST", pathOf("other"), "other")).status).toBe(403);
    const { claimId, generation } = held;
    const events = [row("x", "y", {})];
    const live = { claimId, generation, stream: pathOf(large), events };
    expect(failure(await call("POST", "/coder/a/claim/live", live)).code).toBe("forbidden");
    const write = { seq: 2, writes: [{ stream: pathOf(large), events }] };
    expect(failure(await fixture.commit(held, write)).code).toBe("forbidden");
    await call("DELETE", pathOf(""));
    await spawn("/coder/b");
    const second = await claim("r");
    await committed(second, { seq: 1, writes: [{ stream: "/coder/b/main", events: [declared("coder-session/s1")] }] });
    const asB = { "skein-claim": second.claimId, "skein-generation": String(second.generation) };
    const url = `/coder/b/claim/blob?stream=${encodeURIComponent(pathOf("other"))}`;
    expect(failure(await call("PUT", url, "other", asB)).code).toBe("session_in_use");
    expect((await call("GET", pathOf("other"))).status).toBe(404);
    expect(JSON.stringify(kept)).toContain(pathOf(large));
    await committed(held, { seq: 2, done: true });
    expect(failure(await put(fixture, held, "late")).code).toBe("fenced");
  });

  test("[RS11] a blob is data: only pictures keep their type, and nothing of it can run", async () => {
    const fixture = on();
    const { call, server } = fixture;
    const held = await startCoder(fixture);
    const types: readonly (readonly [sent: string, shown: string, disposition: string])[] = [
      ["image/png", "image/png", "inline"],
      ["image/svg+xml", "application/octet-stream", "attachment"],
      ["text/html", "application/octet-stream", "attachment"],
      ["application/javascript", "application/octet-stream", "attachment"],
      ["text/plain; charset=utf-8", "text/plain; charset=utf-8", "attachment"],
      ["text/plain; charset=utf-7", "application/octet-stream", "attachment"],
      ["application/pdf", "application/octet-stream", "attachment"],
    ];
    for (const [sent, shown, disposition] of types) {
      const content = `<script>alert(1)</script> ${sent}`;
      expect((await put(fixture, held, content, { type: sent })).status).toBe(204);
      const { headers, body } = await call("GET", pathOf(content));
      expect([sent, headers.get("content-type"), headers.get("content-disposition")]).toEqual([
        sent,
        shown,
        disposition,
      ]);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
      expect(body).toBe(content);
    }
    const content = `<script>alert(1)</script> image/png`;
    const path = pathOf(content);
    expect((await call("HEAD", path)).status).toBe(200);
    const etag = (await call("GET", path)).headers.get("etag") ?? "";
    expect((await call("GET", path, undefined, { "if-none-match": etag })).status).toBe(304);
    expect((await server.fetch(new Request(server.url + path))).status).toBe(401);
    expect(failure(await call("GET", `/_skein/follow?s=${path}@-1`)).code).toBe("invalid_request");
    expect((await call("GET", `${SESSION}/blobs/${"0".repeat(64)}`)).status).toBe(404);
    expect((await call("GET", `${SESSION}/blobs/x`)).status).toBe(400);
  });

  test("[RS12] a person sends files along: by hash, once, to a session that is there and lives", async () => {
    const fixture = on();
    const { call, server } = fixture;
    await startCoder(fixture);
    const picture = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
    const path = pathOf(picture);
    const authorization = `Bearer ${server.token}`;
    const upload = async (to: string, body: Uint8Array<ArrayBuffer> | string) => {
      const headers = { authorization, "content-type": "image/png" };
      const answer = await server.fetch(new Request(server.url + to, { method: "PUT", body, headers }));
      return { status: answer.status, headers: answer.headers, body: await answer.json() };
    };
    const first = await upload(path, picture);
    expect([first.status, first.body]).toEqual([201, { sha256: path.slice(-64), size: 300_000 }]);
    expect((await upload(path, picture)).status).toBe(200);
    const read = await server.fetch(new Request(server.url + path, { headers: { authorization } }));
    expect(Buffer.from(await read.arrayBuffer()).equals(picture)).toBe(true);
    expect(read.headers.get("content-type")).toBe("image/png");
    expect(failure(await upload(pathOf("other"), "not that")).code).toBe("invalid_request");
    expect(failure(await upload(`${SESSION}/blobs/x`, "x")).code).toBe("invalid_request");
    const large = "x".repeat(16 * 1024 * 1024 + 1);
    expect(failure(await upload(pathOf(large), large)).code).toBe("too_large");
    const nowhere = pathOf("x").replace("/s1/", "/nobody/");
    expect(failure(await upload(nowhere, "x")).code).toBe("session_not_found");
    const anonymous = new Request(server.url + pathOf("x"), { method: "PUT", body: "x" });
    expect((await server.fetch(anonymous)).status).toBe(401);
    await call("POST", "/coder/a/tags/coderResource", { value: "coder-session/s1" });
    await call("DELETE", "/coder/a");
    expect(failure(await upload(pathOf("late"), "late")).code).toBe("entity_ended");
  });
}
