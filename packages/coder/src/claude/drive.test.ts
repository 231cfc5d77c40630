import { beforeEach, expect, test } from "vitest";
import { createClaudeNormaliser } from "@skein/sessions";
import type { AgentDriver, DriverEvent, DriverOptions } from "../driver.ts";
import { createFakeQuery } from "../testing/fake-query.ts";
import type { FakeProcess, FakeQuery } from "../testing/fake-query.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import type { ManualClock } from "../testing/manual-clock.ts";
import { createClaudeDriver } from "./drive.ts";

/** What the driver does when Claude Code does not behave; the rest is shown with the real one. */
const PROMPT = "11111111-1111-4111-8111-111111111111";
const NEXT = "22222222-2222-4222-8222-222222222222";
let clock: ManualClock;
let fake: FakeQuery;
let reaped: string[];
let clear: () => Promise<void>;
let driver: AgentDriver;

beforeEach(() => {
  clock = createManualClock();
  fake = createFakeQuery();
  reaped = [];
  clear = () => Promise.resolve();
  driver = open();
});

function open(options: Partial<DriverOptions> = {}): AgentDriver {
  return createClaudeDriver(
    {
      loadQuery: () => Promise.resolve(fake.query),
      findExecutable: () => Promise.resolve("/claude"),
      sessionExists: () => Promise.resolve(fake.processes.length > 0),
      environment: {},
      owner: "o",
      credentials: "login",
      settingSources: ["user"],
      passEnvironment: [],
      maxRetries: 1,
      clock,
      reaper: {
        endSession: async (id) => {
          reaped.push(`session ${id}`);
          await clear();
        },
        endCommands: async (id) => void reaped.push(`commands ${id}`),
        endAll: () => Promise.resolve(),
        ticks: () => Promise.resolve(1),
      },
      createNormaliser: () => createClaudeNormaliser({ source: "live" }),
    },
    { sessionId: "s", cwd: "/", permissionMode: "ask", native: { kind: "own", id: "n" }, ...options },
  );
}

const settle = () => new Promise(setImmediate);
const signal = () => new AbortController().signal;

interface Running {
  readonly events: DriverEvent[];
  readonly done: Promise<DriverEvent[]>;
  readonly process: FakeProcess;
}

async function start(promptId = PROMPT, given: AbortSignal = signal()): Promise<Running> {
  const events: DriverEvent[] = [];
  const done = (async () => {
    for await (const event of driver.prompt({ text: "hi" }, { promptId, runId: "1-1", signal: given })) {
      events.push(event);
    }
    return events;
  })();
  await settle();
  const process = fake.processes.at(-1);
  if (process === undefined) throw new Error("No process was started.");
  return { events, done, process };
}
const outcome = (events: readonly DriverEvent[]) =>
  events.flatMap((event) => (event.kind === "turn" ? [event.outcome] : []));
const rows = (events: readonly DriverEvent[]) =>
  events.flatMap((event) => (event.kind === "row" ? [event.row.payload] : []));
const result = (uuid: string | undefined, fields = {}) => ({
  type: "result",
  subtype: "success",
  ...(uuid === undefined ? {} : { user_message_uuids: [uuid] }),
  ...fields,
});

function streamText(process: FakeProcess, text: string): void {
  const event = (fields: object) => process.push({ type: "stream_event", parent_tool_use_id: null, event: fields });
  event({ type: "message_start", message: { id: "m1" } });
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
}

test("a turn ends with the result that names its prompt, and with no other", async () => {
  const { done, events, process } = await start();
  process.push(result(NEXT));
  process.push({ type: "command_lifecycle", command_uuid: NEXT, state: "completed" });
  await settle();
  expect(outcome(events)).toEqual([]);
  process.push(result(PROMPT));
  process.push(result(PROMPT, { is_error: true }));
  expect(outcome(await done)).toMatchObject([{ kind: "completed" }]);
});

test("a prompt that the agent knows already ends without a result", async () => {
  const { done, process } = await start();
  process.push({ type: "command_lifecycle", command_uuid: PROMPT, state: "completed" });
  expect(outcome(await done)).toEqual([{ kind: "completed" }]);
});

test("[CD17] a process that does not heed an interrupt is ended within a second, and what it said is kept", async () => {
  const { done, process } = await start();
  streamText(process, "half a sen");
  await settle();
  const interrupted = driver.interrupt();
  await settle();
  expect(process.interrupts()).toBe(1);
  clock.pass(999);
  await interrupted;
  const events = await done;
  expect(outcome(events)).toEqual([{ kind: "aborted", reason: "interrupted" }]);
  expect(rows(events)).toEqual([{ v: 1, type: "assistant_message", text: "half a sen" }]);
  expect(reaped).toEqual(["session s"]);
});

test("[CD22] a new process does not begin before the last one's end is complete", async () => {
  let release = (): void => {};
  clear = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const first = await start();
  first.process.end(new Error("terminated by signal SIGKILL"));
  expect(outcome(await first.done)).toMatchObject([{ kind: "failed", code: "agent_failed" }]);
  const second = await start(NEXT);
  expect(fake.processes).toHaveLength(1);
  release();
  await settle();
  expect(fake.processes).toHaveLength(2);
  expect(fake.processes[1]?.options.resume).toBe("n");
  fake.processes[1]?.push(result(NEXT));
  expect(outcome(await second.done)).toMatchObject([{ kind: "completed" }]);
});

test("[CD22] what cannot be ended is told by the next turn, and tried again", async () => {
  clear = () => Promise.reject(new Error("not permitted"));
  const first = await start();
  first.process.end();
  await first.done;
  await settle();
  const second = await start(NEXT);
  expect(outcome(await second.done)).toMatchObject([{ kind: "failed", message: "not permitted" }]);
  clear = () => Promise.resolve();
  const third = await start(NEXT);
  fake.processes.at(-1)?.push(result(NEXT));
  expect(outcome(await third.done)).toMatchObject([{ kind: "completed" }]);
  expect(fake.processes).toHaveLength(2);
});

test("[CD24] silence is told and ends the turn in the end, but not while a person is asked", async () => {
  const { done, events, process } = await start();
  const ask = { signal: signal(), toolUseID: "t", requestId: "r" };
  const asked = process.options.canUseTool?.("Bash", { command: "ls" }, ask);
  await settle();
  clock.pass(10_000_000);
  expect(rows(events)).toEqual([]);
  await driver.respond("r", { kind: "permission", decision: "allow" });
  await expect(asked).resolves.toMatchObject({ behavior: "allow" });
  clock.pass(120_000);
  await settle();
  expect(rows(events)).toMatchObject([{ type: "notice", kind: "stall" }]);
  clock.pass(1_680_000);
  expect(outcome(await done)).toMatchObject([{ kind: "failed", code: "agent_failed" }]);
});

test("[CD15] a request whose turn ends is answered with a refusal", async () => {
  const { done, process } = await start();
  const ask = { signal: signal(), toolUseID: "t", requestId: "r" };
  const asked = process.options.canUseTool?.("Bash", { command: "ls" }, ask);
  await settle();
  process.push(result(PROMPT));
  await done;
  await expect(asked).resolves.toMatchObject({ behavior: "deny" });
  const late = process.options.canUseTool?.("Bash", { command: "ls" }, ask);
  await expect(late).resolves.toMatchObject({ behavior: "deny" });
});

test("[CD29] a sign-in that is refused is not tried for minutes", async () => {
  const { done, events, process } = await start();
  const retry = (attempt: number) =>
    process.push({ type: "system", subtype: "api_retry", attempt, error_status: 401, error: "authentication_failed" });
  retry(1);
  await settle();
  expect(outcome(events)).toEqual([]);
  retry(2);
  expect(outcome(await done)).toMatchObject([{ kind: "failed", code: "agent_not_signed_in" }]);
});

test("[CD20] an aborted signal ends the turn and the process", async () => {
  const stop = new AbortController();
  const { done, process } = await start(PROMPT, stop.signal);
  stop.abort();
  await settle();
  clock.pass(1000);
  expect(outcome(await done)).toMatchObject([{ kind: "aborted" }]);
  await driver.close();
  expect(process.interrupts()).toBe(1);
  expect(outcome(await start(NEXT).then(({ done: next }) => next))).toEqual([{ kind: "aborted", reason: "stopped" }]);
  expect(fake.processes).toHaveLength(1);
});

test("what the agent does between turns comes with the next one", async () => {
  const first = await start();
  first.process.push(result(PROMPT));
  await first.done;
  const message = { id: "m", role: "assistant", content: [{ type: "text", text: "by the way" }] };
  first.process.push({ type: "assistant", uuid: "a1", parent_tool_use_id: null, message });
  await settle();
  const second = await start(NEXT);
  second.process.push(result(NEXT));
  expect(rows(await second.done)).toMatchObject([{ type: "assistant_message", text: "by the way" }]);
});
