import { expect, test } from "vitest";
import { MAX_PROMPT_BYTES } from "@skein/sessions";
import { planQueue } from "./queue.ts";
import type { InboxEntry } from "./queue.ts";

let count = 0;
function entry(type: string | undefined, payload: unknown, key = `k${String((count += 1))}`): InboxEntry {
  const row = { key, from: "user:me", payload, receivedAt: 1, ...(type === undefined ? {} : { type }) };
  return { row, offset: `offset behind ${key}` };
}
const prompt = (text: string, key: string): InboxEntry => entry("prompt", { text }, key);

test("[CD7] the first prompt of the log is next, whatever its key", () => {
  const plan = planQueue([prompt("first", "z"), prompt("second", "a")]);
  expect(plan.next).toMatchObject({ kind: "prompt", key: "z", text: "first", actor: "user:me" });
  expect(plan.passed).toBeUndefined();
});

test("[CD8] edits and cancellations hold for prompts in front of them, and a cancelled one stays cancelled", () => {
  const entries = [
    entry("cancel_prompt", { key: "b" }),
    prompt("a", "a"),
    entry("cancel_prompt", { key: "a" }),
    entry("edit_prompt", { key: "a", text: "back again" }),
    prompt("b", "b"),
    entry("edit_prompt", { key: "b", text: "better" }),
    entry("edit_prompt", { key: "b", text: "best" }),
    entry("edit_prompt", { key: "b", text: "" }),
  ];
  const plan = planQueue(entries);
  expect(plan.next).toMatchObject({ key: "b", text: "best" });
  expect(plan.passed?.key).toBe(entries[3]?.row.key);
});

test("[CD8] a queue of nothing but answers and cancelled prompts is passed as a whole", () => {
  const entries = [
    prompt("a", "a"),
    entry("cancel_prompt", { key: "a" }),
    entry("permission_response", { requestId: "r", decision: "allow" }),
    entry("answer", { requestId: "r", answers: {} }),
  ];
  const last = entries.at(-1);
  expect(planQueue(entries)).toEqual({ next: undefined, passed: { key: last?.row.key, offset: last?.offset } });
});

test.each([
  ["another type", "shout", { text: "x" }],
  ["no text", undefined, { __bootstrap: true }],
  ["an empty text", "prompt", { text: "" }],
  ["a text that is too long", undefined, { text: "x".repeat(MAX_PROMPT_BYTES + 1) }],
  ["no object", undefined, "hello"],
])("[CD9] a message of %s is no prompt", (_what, type, payload) => {
  expect(planQueue([entry(type, payload)]).next).toMatchObject({ kind: "unreadable" });
});
