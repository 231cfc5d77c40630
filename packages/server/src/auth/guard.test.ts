import { request as httpRequest } from "node:http";
import { serveNode } from "@skein/streams/node";
import { expect, test } from "vitest";
import { createCaller, failure } from "../testing/caller.ts";
import type { LogEvent } from "../context.ts";
import { createMemoryServer } from "../testing/memory-server.ts";
import { guard } from "./guard.ts";

const options = { hosts: new Set(["127.0.0.1:4437", "localhost:4437"]), origins: new Set(["http://dev.test:5173"]) };
const ask = (url: string, headers: Record<string, string> = {}) => guard(new Request(url, { headers }), options)?.code;

test("[AU5] only the names that the server was told are answered", () => {
  expect(ask("http://127.0.0.1:4437/")).toBeUndefined();
  expect(ask("http://localhost:4437/_skein/health")).toBeUndefined();
  expect(ask("http://127.0.0.1:4437/", { host: "localhost:4437" })).toBeUndefined();
  for (const host of ["evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:4437.evil.example"]) {
    expect([host, ask("http://127.0.0.1:4437/", { host })]).toEqual([host, "host_not_allowed"]);
  }
  expect(ask("http://evil.example:4437/", { host: "127.0.0.1:4437" })).toBe("host_not_allowed");
});

test("[AU5] a foreign Host is refused over a socket, before anything else", async () => {
  const hosts = new Set<string>();
  const server = createMemoryServer({ hosts });
  const node = await serveNode({ handler: (request) => server.fetch(request) });
  hosts.add(`127.0.0.1:${node.port}`);
  const status = (path: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${server.token}` };
      const sent = httpRequest({ host: "127.0.0.1", port: node.port, path, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject).end();
    });
  expect(await status("/_skein/entities", `127.0.0.1:${node.port}`)).toBe(200);
  for (const path of ["/_skein/entities", "/_skein/health", `/_skein/sign-in?token=${server.token}`, "/"]) {
    expect([path, await status(path, `rebound.example:${node.port}`)]).toEqual([path, 403]);
  }
  await node.close();
  await server.close();
});

test("[AU6] an origin that the server was told to allow is not foreign, and its own is that of the address used", () => {
  const url = "http://127.0.0.1:4437/_skein/entities";
  expect(ask(url, { origin: "http://dev.test:5173" })).toBeUndefined();
  expect(ask(url, { origin: "http://127.0.0.1:4437" })).toBeUndefined();
  expect(ask(url, { origin: "http://localhost:4437" })).toBe("origin_not_allowed");
  expect(ask(url, { origin: "http://dev.test:5174" })).toBe("origin_not_allowed");
  expect(ask(url, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBeUndefined();
  expect(ask(url, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" })).toBe("origin_not_allowed");
});

test("[AU11] a failure of the server tells nothing of its inside, and is logged", async () => {
  const logged: unknown[] = [];
  const log = ({ message, error }: LogEvent): void => {
    // What the background work makes of a closed store is said as well.
    if (message.startsWith("A request")) logged.push(error);
  };
  const server = createMemoryServer({ log });
  await server.store.close();
  const answer = await createCaller(server)("GET", "/hello/a");
  expect(failure(answer)).toMatchObject({ status: 500, code: "internal" });
  expect(JSON.stringify(answer.body)).not.toMatch(/store|closed|stack|\.ts/i);
  expect(logged).toHaveLength(1);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});
