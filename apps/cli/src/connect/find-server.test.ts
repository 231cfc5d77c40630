import { expect, test } from "vitest";
import { findServer } from "./find-server.ts";

const running = {
  kind: "running",
  server: { url: "http://127.0.0.1:4437", token: "own", pid: 7, startedAt: 0 },
} as const;
const nothing = { url: undefined, token: undefined };

test("[CL10] without options it is the server that runs on the home", () => {
  expect(findServer(nothing, running, "/h")).toEqual({ url: "http://127.0.0.1:4437", token: "own" });
});

test("[CL10] a named address and token are taken instead; a sign-in link will do as an address", () => {
  expect(findServer({ url: "https://skein.example/_skein/sign-in?token=x", token: "t" }, running, "/h")).toEqual({
    url: "https://skein.example",
    token: "t",
  });
  expect(findServer({ url: "box:4437", token: "t" }, { kind: "none" }, "/h").url).toBe("http://box:4437");
});

test("[CL11] the running server's token goes to no other address", () => {
  expect(findServer({ url: "http://127.0.0.1:9999", token: undefined }, running, "/h").token).toBeUndefined();
  expect(findServer({ url: "http://127.0.0.1:4437", token: undefined }, running, "/h").token).toBe("own");
});

test("[CL12] without a running server the message says how to start one", () => {
  expect(() => findServer(nothing, { kind: "none" }, "/h")).toThrow("Skein is not running on /h.");
  expect(() => findServer(nothing, { kind: "stale", pid: 99 }, "/h")).toThrow("(pid 99) is gone");
});

test("[CL22] what is no address is misuse", () => {
  expect(() => findServer({ url: "http://", token: undefined }, running, "/h")).toThrow(
    expect.objectContaining({ code: "usage", exitCode: 2 }),
  );
});
