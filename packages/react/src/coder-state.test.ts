import { expect, test } from "vitest";
import { emptyCoder, foldCoder, queuedPrompts } from "./coder-state.ts";
import { insert } from "./testing/rows.ts";

const inbox = (key: string, type: string, payload: unknown) =>
  insert("inbox", key, { key, from: "user:kim", payload, type, receivedAt: 1 });
const prompt = (key: string, text = key) => inbox(key, "prompt", { text });
const none = new Set<string>();
const queue = (...events: ReturnType<typeof insert>[]): string[] =>
  queuedPrompts(foldCoder(emptyCoder, events), none, true).map(({ key, text }) =>
    key === text ? key : `${key}:${text}`,
  );

test("[WB13] prompts wait in the order of the log, by id: equal words are two prompts", () => {
  expect(queue(prompt("a", "same"), prompt("b", "same"))).toEqual(["a:same", "b:same"]);
  expect(queue(prompt("a"), prompt("a"))).toEqual(["a"]);
});

test("[WB13] editing changes a prompt, cancelling takes it out, and both only this one", () => {
  expect(queue(prompt("a"), prompt("b"), inbox("e", "edit_prompt", { key: "a", text: "new" }))).toEqual(["a:new", "b"]);
  expect(queue(prompt("a"), prompt("b"), inbox("c", "cancel_prompt", { key: "a" }))).toEqual(["b"]);
});

test("[WB13] a prompt that is edited or moved in the log is where and what the log says", () => {
  const change = (key: string, operation: "update" | "delete", text = "") => ({
    ...prompt(key, text),
    headers: { operation },
  });
  expect(queue(prompt("a"), prompt("b"), change("a", "update", "new"))).toEqual(["a:new", "b"]);
  expect(queue(prompt("a"), prompt("b"), change("a", "delete"), prompt("a"))).toEqual(["b", "a"]);
  expect(queue(prompt("a"), change("a", "delete"))).toEqual([]);
});

test("[WB51] what steers a turn does not wait while the turn runs; when the agent did not take it, it waits afterwards", () => {
  const status = (word: string) => insert("coder_run_status", "current", { key: "current", status: word });
  const steer = inbox("s", "steer", { text: "to the left" });
  const running = foldCoder(emptyCoder, [status("running"), prompt("a"), steer]);
  expect(queuedPrompts(running, none, true).map(({ key }) => key)).toEqual(["a"]);
  const idle = foldCoder(running, [status("idle")]);
  expect(queuedPrompts(idle, none, true).map(({ key, steers }) => [key, steers])).toEqual([
    ["a", false],
    ["s", true],
  ]);
});

test("[WB13] the cursor takes out what has been dealt with, whatever kind of message it points at", () => {
  const cursor = (key: string) =>
    insert("coder_inbox_cursor", "current", { key: "current", lastProcessedInboxKey: key });
  const answer = inbox("p", "permission_response", { requestId: "1", decision: "allow" });
  expect(queue(prompt("a"), prompt("b"), answer, prompt("c"), cursor("a"))).toEqual(["b", "c"]);
  expect(queue(prompt("a"), prompt("b"), answer, prompt("c"), cursor("p"))).toEqual(["c"]);
  expect(queue(prompt("a"), cursor("from-before-the-window"))).toEqual(["a"]);
});

test("[WB13] a prompt stops waiting when the history has it, or, where that is out of view, when the coder works on it", () => {
  const status = insert("coder_run_status", "current", { key: "current", status: "running", currentPrompt: "a" });
  const coder = foldCoder(emptyCoder, [prompt("a"), prompt("b"), status]);
  expect(queuedPrompts(coder, none, true).map(({ key }) => key)).toEqual(["a", "b"]);
  expect(queuedPrompts(coder, new Set(["a"]), true).map(({ key }) => key)).toEqual(["b"]);
  expect(queuedPrompts(coder, none, false).map(({ key }) => key)).toEqual(["b"]);
});

test("[WB13] a killed coder has no queue, and answers that were given are remembered", () => {
  const ended = insert("entity_ended", "ended", { status: "killed" });
  const coder = foldCoder(emptyCoder, [
    prompt("a"),
    inbox("x", "permission_response", { requestId: "r", decision: "deny" }),
    ended,
  ]);
  expect(coder).toMatchObject({ prompts: [], ended: { status: "killed" } });
  expect(coder.answered.get("r")).toBe("deny");
});

test("[WB13] messages that are not of the coder's forms are passed over", () => {
  expect(
    queue(inbox("a", "prompt", { words: 1 }), insert("inbox", "b", "no row"), inbox("c", "other", {}), prompt("d")),
  ).toEqual(["d"]);
});
