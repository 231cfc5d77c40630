import { expect, test } from "vitest";
import { failure, type Answer } from "../caller.ts";
import type { Fixture } from "../fixture.ts";

export function accessRules(on: () => Fixture): void {
  /** A request with these headers only. */
  const bare = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Uint8Array<ArrayBuffer>,
  ) => {
    const { server } = on();
    const init = body === undefined ? {} : { body };
    const response = await server.fetch(
      new Request(server.url + path, { method, headers, redirect: "manual", ...init }),
    );
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(text) : text,
    } satisfies Answer;
  };
  const cookie = async (): Promise<string> => {
    const { server } = on();
    const answer = await bare("GET", `/_skein/sign-in?token=${server.token}`);
    return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  };

  test("[AU1] without the token nothing is told and nothing is done", async () => {
    const { runner, spawn, dump } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const before = await dump();
    const requests: [string, string][] = [
      ["GET", "/hello/a"],
      ["GET", "/hello/none"],
      ["GET", "/hello/a/main?offset=-1"],
      ["GET", "/nothing/like/this"],
      ["PATCH", "/hello/a"],
      ["PUT", "/hello/b"],
      ["DELETE", "/hello/a"],
      ["POST", "/hello/a/send"],
      ["POST", "/hello/a/claim/commit"],
      ["GET", "/_skein/entities"],
      ["GET", "/_skein/sessions"],
      ["GET", "/_skein/directory"],
      ["GET", "/_skein/follow?s=/hello/a/main@-1"],
      ["GET", "/_electric/entities"],
      ["POST", "/_skein/runners/r/poll"],
      ["PUT", "/_skein/shared-state/x"],
      ["PUT", "/v1/stream/x"],
      ["POST", "/_skein/sign-out"],
    ];
    for (const [method, path] of requests) {
      const answer = failure(await bare(method, path));
      expect([method, path, answer.status, answer.code]).toEqual([method, path, 401, "unauthorized"]);
    }
    expect(await dump()).toEqual(before);
    expect(await bare("GET", "/_skein/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  });

  test("[AU2] a wrong token is refused, even beside a good cookie", async () => {
    const { server } = on();
    const good = { authorization: `Bearer ${server.token}` };
    expect((await bare("GET", "/_skein/entities", good)).status).toBe(200);
    const value = await cookie();
    for (const authorization of [
      "Bearer wrong",
      `Bearer ${server.token}x`,
      `Basic ${server.token}`,
      "Bearer ",
      server.token,
    ]) {
      const answer = await bare("GET", "/_skein/entities", { authorization, cookie: value });
      expect([authorization, failure(answer).code]).toEqual([authorization, "unauthorized"]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test("[AU3] the sign-in link sets a cookie that is not the token, and leads to the app", async () => {
    const { server } = on();
    const answer = await bare("GET", `/_skein/sign-in?token=${server.token}`);
    expect(answer).toMatchObject({ status: 303 });
    expect(answer.headers.get("location")).toBe("/");
    const set = answer.headers.get("set-cookie") ?? "";
    expect(set).toMatch(/; HttpOnly; SameSite=Strict/);
    expect(set).not.toContain(server.token);
    const value = set.split(";")[0] ?? "";
    expect((await bare("GET", "/_skein/entities", { cookie: `other=1; ${value}` })).status).toBe(200);
    expect(failure(await bare("GET", "/_skein/entities", { cookie: `${value}x` })).code).toBe("unauthorized");
    for (const query of ["", "?token=", "?token=wrong"]) {
      const refused = await bare("GET", `/_skein/sign-in${query}`);
      expect([failure(refused).code, refused.headers.get("set-cookie")]).toEqual(["unauthorized", null]);
    }
    const out = await bare("POST", "/_skein/sign-out", { cookie: value, origin: server.url });
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
  });

  test("[AU4] with the cookie, what changes something must come from a page of the server", async () => {
    const { server, runner, dump } = on();
    await runner("r", ["hello"]);
    const value = await cookie();
    const before = await dump();
    expect(failure(await bare("PUT", "/hello/a", { cookie: value }))).toMatchObject({
      status: 403,
      code: "origin_not_allowed",
    });
    expect(await dump()).toEqual(before);
    expect((await bare("PUT", "/hello/a", { cookie: value, origin: server.url })).status).toBe(201);
  });

  test("[AU6] a foreign origin is refused, token or not", async () => {
    const { server, runner, dump } = on();
    await runner("r", ["hello"]);
    const before = await dump();
    const authorization = `Bearer ${server.token}`;
    const foreign = ["https://evil.example", "http://localhost:1", "null", `${server.url}.evil.example`, "file://"];
    for (const origin of foreign) {
      for (const path of ["/hello/a", "/_skein/health", "/_skein/sign-in?token=x"]) {
        const answer = failure(await bare("PUT", path, { authorization, origin }));
        expect([origin, answer.status, answer.code]).toEqual([origin, 403, "origin_not_allowed"]);
      }
    }
    const cross = { authorization, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect(failure(await bare("GET", "/_skein/entities", cross)).code).toBe("origin_not_allowed");
    expect(await dump()).toEqual(before);
    expect((await bare("PUT", "/hello/a", { authorization, origin: server.url })).status).toBe(201);
  });

  test("[AU7] what is not a route is not found, and other methods are told which there are", async () => {
    const { call } = on();
    for (const path of ["/nothing/like/this", "/_skein", "/_skein/none", "/hello/a/b/c", "/_skein/health/x"]) {
      expect([path, failure(await call("GET", path)).code]).toEqual([path, "not_found"]);
    }
    const wrong = await call("POST", "/hello/a");
    expect(failure(wrong)).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(wrong.headers.get("allow")).toBe("PUT, GET, PATCH, DELETE");
    expect(failure(await call("GET", "/hello/a/send")).code).toBe("method_not_allowed");
  });

  test("[AU8] a body that cannot be used is refused, and nothing changes", async () => {
    const { server, call, runner, spawn, dump } = on();
    await runner("r", ["hello"]);
    await spawn("/hello/a");
    const before = await dump();
    const codes = async (path: string, body: string) => failure(await call("POST", path, body)).code;
    expect(await codes("/hello/a/send", "{")).toBe("malformed_json");
    expect(await codes("/hello/a/send", "[1]")).toBe("invalid_request");
    expect(await codes("/hello/a/signal", "{}")).toBe("invalid_request");
    expect(await codes("/hello/a/tags/t", '{"value":"1","more":2}')).toBe("invalid_request");
    expect(await codes("/_skein/runners/r/poll", '{"waitMs":99999999}')).toBe("invalid_request");
    expect(await codes("/hello/a/send", JSON.stringify({ payload: "x".repeat(1024 * 1024) }))).toBe("too_large");
    const authorization = `Bearer ${server.token}`;
    const invalid = await bare("POST", "/hello/a/send", { authorization }, new Uint8Array([0x22, 0xff, 0x22]));
    expect(failure(invalid)).toMatchObject({ status: 400, code: "malformed_json" });
    expect(failure(await call("PUT", "/hello/b", "nonsense")).code).toBe("malformed_json");
    expect(await dump()).toEqual(before);
  });
}
