import { expect, test } from "vitest";
import { planSpawn } from "./spawn-request.ts";

test("[CL31] a coder works where the command is run, asks, and gets the prompt as its first message", () => {
  expect(planSpawn("coder", "Explain this", {}, "/work/app")).toEqual({
    args: { agent: "claude", cwd: "/work/app", permissionMode: "ask" },
    initialMessage: { type: "prompt", payload: { text: "Explain this" } },
  });
});

test("[CL31] the comfortable options become arguments", () => {
  const options = { cwd: "../lib", agent: "codex", mode: "bypass", model: "m-1", title: "T", tag: { a: "b" } };
  expect(planSpawn("coder", undefined, options, "/work/app")).toEqual({
    tags: { a: "b" },
    args: { agent: "codex", cwd: "/work/lib", permissionMode: "bypass", model: "m-1", title: "T" },
  });
});

test("[CL31] an attached session keeps its own directory", () => {
  expect(planSpawn("coder", undefined, { attach: "0f-1" }, "/work/app")).toEqual({
    args: { agent: "claude", permissionMode: "ask", nativeSessionId: "0f-1" },
  });
});

test("[CL30] other types get arguments and message as they are given", () => {
  expect(planSpawn("note", undefined, { args: { n: 1 }, message: "hi" }, "/w")).toEqual({
    args: { n: 1 },
    initialMessage: { payload: { text: "hi" } },
  });
});

test.each([
  ["a name that no agent has", "coder", { agent: "no agent" }, "agent"],
  ["an unknown mode", "coder", { mode: "yolo" }, "not a mode"],
  ["a model with odd characters", "coder", { model: "a b" }, "model"],
  ["a coder's option for another type", "note", { cwd: "." }, "for coders"],
])("[CL22] %s is misuse", (_, type, options, message) => {
  expect(() => planSpawn(type, undefined, options, "/w")).toThrow(
    expect.objectContaining({ code: "usage", exitCode: 2, message: expect.stringContaining(message) }),
  );
});

test("[CL22] two first messages are misuse", () => {
  expect(() => planSpawn("coder", "a", { message: "b" }, "/w")).toThrow("once");
});
