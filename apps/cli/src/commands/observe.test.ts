import { TRANSCRIPT_EVENT } from "@skein/sessions";
import { expect, test } from "vitest";
import { runInProcess } from "../testing/run-in-process.ts";
import { startScriptedServer } from "../testing/scripted-server.ts";

/** Observes until the output satisfies, then interrupts, as Ctrl-C would. */
async function observeUntil(
  home: string,
  argv: readonly string[],
  satisfied: (stdout: string) => boolean,
  onFollowing: () => void = () => {},
) {
  const interrupt = new AbortController();
  let told = false;
  return runInProcess(
    ["observe", ...argv],
    {
      env: { SKEIN_HOME: home },
      signal: interrupt.signal,
    },
    (stdout) => {
      if (!told && stdout.includes("❯ before")) {
        told = true;
        onFollowing();
      }
      if (satisfied(stdout)) interrupt.abort();
    },
  );
}

test("[CL23] history first, then what happens; each row once, streamed or not", async () => {
  const { home, client } = await startScriptedServer();
  await client.spawn("coder", "c", { initialMessage: { type: "prompt", payload: { text: "before" } } });
  const send = (): void => void client.send("/coder/c", { type: "prompt", payload: { text: "after" } });
  const ends = (stdout: string): number => stdout.split("turn complete").length - 1;
  const { code, stdout } = await observeUntil(home, ["c"], (text) => ends(text) === 2, send);
  expect(code).toBe(0);
  expect(stdout.replace(/\n+/g, "\n").trim().split("\n")).toEqual([
    "❯ before",
    "echo: before",
    "── turn complete ──",
    "❯ after",
    "echo: after",
    "── turn complete ──",
  ]);
});

test("[CL24] --json prints the raw events of the session's history", async () => {
  const { home, client } = await startScriptedServer();
  await client.spawn("coder", "c", { initialMessage: { type: "prompt", payload: { text: "hi" } } });
  const { stdout } = await observeUntil(home, ["c", "--json"], (text) => text.includes("turn_complete"));
  const events: unknown[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events).toContainEqual(
    expect.objectContaining({ type: TRANSCRIPT_EVENT, value: expect.objectContaining({ type: "user_message" }) }),
  );
});

test("[CL24] any other entity is observed as its events, from the first or from the newest", async () => {
  const { home, client } = await startScriptedServer();
  await client.spawn("note", "a", { initialMessage: { payload: { text: "hello" } } });
  const { stdout } = await observeUntil(home, ["note/a"], (text) => text.includes('"type":"line"'));
  expect(stdout.split("\n")[0]).toContain("entity_created");
  const last = await observeUntil(home, ["note/a", "--last", "1"], (text) => text.includes("\n"));
  expect(last.stdout.trim().split("\n")).toHaveLength(1);
});
