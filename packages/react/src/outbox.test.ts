import { formatOffset, SkeinError, type SendResult } from "@skein/protocol";
import { expect, test } from "vitest";
import { createOutbox, type OutgoingPrompt } from "./outbox.ts";
import { manualEnvironment } from "./testing/environment.ts";

interface Sent {
  readonly text: string;
  readonly idempotencyKey: string;
}

function open(environment = manualEnvironment()) {
  const sent: Sent[] = [];
  let answer: (message: Sent) => Promise<SendResult> = async ({ text }) => ({
    key: `key of ${text}`,
    offset: formatOffset(10),
    duplicate: false,
  });
  const outbox = createOutbox({
    name: "outbox",
    environment,
    send: async (message) => {
      sent.push(message);
      return answer(message);
    },
  });
  const states = (): string[] => outbox.entries.get().map(({ text, state }) => `${text} ${state.kind}`);
  return { outbox, sent, states, environment, answerWith: (next: typeof answer) => (answer = next) };
}

const words = (text: string): OutgoingPrompt => ({ text, type: "prompt", attachments: [] });

const unreachable = async (): Promise<never> => {
  throw new SkeinError("unavailable", "nobody there");
};

test("[WB22] a prompt is tried again under the same id until it is accepted, and leaves when it has been read", async () => {
  const { outbox, sent, states, environment, answerWith } = open();
  answerWith(unreachable);
  outbox.send(words("hello"));
  await environment.advance(20_000);
  expect(sent.length).toBeGreaterThan(3);
  expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  expect(states()).toEqual(["hello sending"]);
  answerWith(async () => ({ key: "k", offset: formatOffset(7), duplicate: true }));
  await environment.advance(20_000);
  expect(states()).toEqual(["hello accepted"]);
  outbox.seen(6);
  expect(states()).toEqual(["hello accepted"]);
  outbox.seen(7);
  expect(states()).toEqual([]);
});

test("[WB22] prompts go one after the other, in the order in which they were written", async () => {
  const { outbox, sent, environment } = open();
  for (const text of ["a", "b", "c"]) outbox.send(words(text));
  await environment.advance(0);
  expect(sent.map(({ text }) => text)).toEqual(["a", "b", "c"]);
});

test("[WB22] what the server refuses is not tried again by itself, stays visible, and holds up nothing", async () => {
  const { outbox, sent, states, environment, answerWith } = open();
  answerWith(async ({ text }) => {
    if (text === "bad") throw new SkeinError("too_large", "It is too long.");
    return { key: text, offset: formatOffset(1), duplicate: false };
  });
  outbox.send(words("bad"));
  outbox.send(words("good"));
  await environment.advance(60_000);
  expect(states()).toEqual(["bad refused", "good accepted"]);
  expect(sent).toHaveLength(2);
  const id = outbox.entries.get()[0]?.id ?? "";
  outbox.retry(id);
  await environment.advance(0);
  expect(sent.map(({ text }) => text)).toEqual(["bad", "good", "bad"]);
  expect(sent[2]?.idempotencyKey).toBe(sent[0]?.idempotencyKey);
  outbox.discard(id);
  expect(states()).toEqual(["good accepted"]);
});

test("[WB22] what was not accepted survives a reload, under its id", async () => {
  const environment = manualEnvironment();
  const first = open(environment);
  first.answerWith(unreachable);
  first.outbox.send(words("kept"));
  await environment.advance(10);
  first.outbox.close();
  const second = open(environment);
  await environment.advance(0);
  expect(second.sent).toEqual([first.sent[0]]);
  expect(environment.stored.size).toBe(0);
  environment.stored.set("outbox", "not ours {");
  expect(open(environment).states()).toEqual([]);
});
