import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Timing } from "../drive/timing.ts";
import type { AgentDriver, DriverEvent, DriverOptions, DriverRow, TurnOutcome } from "../driver.ts";

/** A place where drivers of one agent run against a model that does what prompts say (see `directives.ts`). */
export interface ContractLab {
  readonly cwd: string;
  /** Options that this agent needs: a model. */
  readonly options: Partial<DriverOptions>;
  createDriver(options: DriverOptions, timing?: Partial<Timing>): AgentDriver;
  /** As if the runner had been started anew. */
  restart(): void;
  /** What the model was sent with each call, oldest first. */
  asked(): readonly unknown[];
  reached(gate: string): Promise<void>;
  open(gate: string): void;
  /** The ids of all processes that the agent and its commands run. */
  processes(): Promise<readonly number[]>;
  /** The agent's own process. */
  agentProcess(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface ContractSubject {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly missing?: string | undefined;
  createLab(): Promise<ContractLab>;
  /** What this agent does otherwise, and why that is right: these checks are left out. */
  readonly deviations: readonly Deviation[];
}

export interface Deviation {
  readonly id: CheckId;
  readonly reason: string;
}

export type CheckId =
  | "order"
  | "deltas"
  | "permission-allow-deny"
  | "permission-session"
  | "question"
  | "interrupt-text"
  | "interrupt-command"
  | "interrupt-waiting"
  | "interrupt-hang"
  | "queue"
  | "resume"
  | "provider-401"
  | "provider-429"
  | "provider-500"
  | "cut"
  | "cut-once"
  | "steer-command"
  | "steer-text"
  | "attachments"
  | "plan"
  | "configure"
  | "stall"
  | "kill"
  | "close"
  | "abort";

/** Milliseconds, with what a busy machine adds. */
const WITHIN_A_SECOND = 1500;
const patiently = { timeout: 20_000 };
const TIMEOUT_MS = 30_000;

/** What every driver does, whatever its agent. */
export function runDriverContract(subject: ContractSubject): void {
  let lab: ContractLab;
  let drivers: AgentDriver[] = [];

  beforeEach(async ({ skip }) => {
    skip(subject.missing !== undefined, subject.missing);
    lab = await subject.createLab();
  });
  afterEach(async () => {
    if (subject.missing !== undefined) return;
    await Promise.all(drivers.map((driver) => driver.close()));
    drivers = [];
    await lab.close();
  });

  function check(id: CheckId, title: string, run: () => Promise<void>): void {
    const deviation = subject.deviations.find((one) => one.id === id);
    const name = `${subject.name}: ${title}`;
    if (deviation === undefined) test(name, run, TIMEOUT_MS);
    else test.skip(`${name} (${deviation.reason})`);
  }

  function open(options: Partial<DriverOptions> = {}, timing?: Partial<Timing>): AgentDriver {
    const native = { kind: "own", id: randomUUID() } as const;
    const always = { sessionId: "s1", cwd: lab.cwd, permissionMode: "bypass", native } as const;
    const driver = lab.createDriver({ ...always, ...lab.options, ...options }, timing);
    drivers.push(driver);
    return driver;
  }

  const exists = async (name: string): Promise<boolean> =>
    readFile(join(lab.cwd, name)).then(
      () => true,
      () => false,
    );
  const lastAsked = (): string => JSON.stringify(lab.asked().at(-1));
  const nothingLeft = () => expect.poll(() => lab.processes(), patiently).toEqual([]);

  check("order", "call, result and answer come in this order, and one end", async () => {
    const path = join(lab.cwd, "a.txt");
    const events = await collect(
      prompt(open(), `[[say: hello]] [[write: ${path}|abc]] [[bash: cat a.txt]] [[say: bye]]`),
    );
    expect((await readFile(path, "utf8")).trim()).toBe("abc");
    const told = ["assistant_message", "tool_call", "tool_result"];
    const types = rowsOf(events).map(({ type }) => type);
    expect(types.filter((type) => told.includes(type))).toEqual([
      "assistant_message",
      "tool_call",
      "tool_result",
      "tool_call",
      "tool_result",
      "assistant_message",
    ]);
    expect(rowsOf(events).find(({ type }) => type === "file_change")?.payload).toMatchObject({
      changes: [{ path: expect.stringMatching(/a\.txt$/) }],
    });
    const results = rowsOf(events).flatMap(({ payload }) => (payload.type === "tool_result" ? [payload] : []));
    expect(results.map(({ isError }) => isError)).toEqual([false, false]);
    expect(results[1]?.output).toContain("abc");
    expect(events.filter(({ kind }) => kind === "turn")).toHaveLength(1);
    expect(outcomeOf(events)).toMatchObject({ kind: "completed", usage: { inputTokens: expect.any(Number) } });
    const keys = rowsOf(events).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    // The coder writes both itself.
    expect(types).not.toContain("user_message");
    expect(types).not.toContain("turn_complete");
  });

  check("deltas", "deltas add up to the row that completes them and come before it", async () => {
    const text = "one two three four five six seven eight";
    const events = await collect(prompt(open(), `[[say: ${text}]]`));
    const at = events.findIndex((event) => event.kind === "row" && event.row.type === "assistant_message");
    const row = rowsOf(events).find(({ type }) => type === "assistant_message");
    const deltas = events.slice(0, at).flatMap((event) => (event.kind === "delta" ? [event.delta] : []));
    const ours = deltas.filter(({ key }) => key === row?.liveKey);
    expect(ours.map((delta) => delta.text).join("")).toBe(text);
    let length = 0;
    for (const delta of ours) {
      expect(delta.at).toBe(length);
      length += delta.text.length;
    }
    const late = events.slice(at).filter((event) => event.kind === "delta" && event.delta.key === row?.liveKey);
    expect(late).toEqual([]);
  });

  check("permission-allow-deny", "what is allowed is done, what is denied is not, and the turn goes on", async () => {
    const driver = open({ permissionMode: "ask" });
    const requests: DriverRow[] = [];
    const events = await collect(prompt(driver, "[[bash: touch yes]] [[bash: touch no]] [[say: fin]]"), (event) => {
      if (event.kind !== "waiting") return undefined;
      requests.push(event.row);
      const decision = requests.length === 1 ? "allow" : "deny";
      return driver.respond(event.requestId, { kind: "permission", decision });
    });
    expect(requests.map(({ payload }) => payload.type)).toEqual(["permission_request", "permission_request"]);
    const called = rowsOf(events).flatMap(({ payload }) => (payload.type === "tool_call" ? [payload.callId] : []));
    expect(requests.map(({ callId }) => callId)).toEqual(called);
    // The call's row is there before anybody is asked about it.
    const firstCall = events.findIndex((event) => event.kind === "row" && event.row.type === "tool_call");
    expect(firstCall).toBeLessThan(events.findIndex(({ kind }) => kind === "waiting"));
    expect([await exists("yes"), await exists("no")]).toEqual([true, false]);
    expect(outcomeOf(events)?.kind).toBe("completed");
  });

  check("permission-session", "what is allowed for the session is not asked again", async () => {
    const driver = open({ permissionMode: "ask" });
    let asked = 0;
    const answer = (event: DriverEvent): unknown => {
      if (event.kind !== "waiting") return undefined;
      asked += 1;
      return driver.respond(event.requestId, { kind: "permission", decision: "allow_session" });
    };
    await collect(prompt(driver, "[[bash: touch one.txt]]"), answer);
    await collect(prompt(driver, "[[bash: touch one.txt]] [[say: again]]"), answer);
    expect(asked).toBe(1);
  });

  check("question", "a question waits, also in bypass, and its answer reaches the model", async () => {
    const driver = open();
    const events = await collect(prompt(driver, "[[ask: which?|red|blue]] [[say: fin]]"), (event) => {
      if (event.kind !== "waiting") return undefined;
      expect(event.row.payload).toMatchObject({ type: "question", questions: [{ question: "which?" }] });
      return driver.respond(event.requestId, { kind: "answer", answers: { "which?": "blue" } });
    });
    expect(events.filter(({ kind }) => kind === "waiting")).toHaveLength(1);
    expect(outcomeOf(events)?.kind).toBe("completed");
    const result = JSON.stringify(lab.asked().at(-1)).split("which?").at(-1);
    expect(result).toContain("blue");
  });

  check("interrupt-text", "interrupted in its text: what it said is kept, and the session goes on", async () => {
    const driver = open();
    let askedAt = 0;
    const events = await collect(prompt(driver, "[[say: half of it{gate never} and the rest]]"), (event) => {
      if (event.kind !== "delta" || askedAt > 0) return;
      askedAt = performance.now();
      void lab.reached("never").then(() => driver.interrupt());
    });
    expect(performance.now() - askedAt).toBeLessThan(WITHIN_A_SECOND);
    expect(outcomeOf(events)).toEqual({ kind: "aborted", reason: "interrupted" });
    const said = rowsOf(events).flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : []));
    expect(said).toEqual(["half of it"]);
    expect(outcomeOf(await collect(prompt(driver, "and now?")))?.kind).toBe("completed");
  });

  check("interrupt-command", "interrupted in a command: nothing that it started is left", async () => {
    const driver = open();
    const command = "setsid sleep 600 & nohup sleep 601 >/dev/null 2>&1 & echo up > up.txt; sleep 602";
    await collect(prompt(driver, "[[say: warm]]"));
    const agent = await lab.processes();
    const turn = collect(prompt(driver, `[[bash: ${command}]]`));
    await expect.poll(() => exists("up.txt"), patiently).toBe(true);
    expect((await lab.processes()).length).toBeGreaterThan(agent.length);
    const started = performance.now();
    const interrupted = driver.interrupt();
    expect(outcomeOf(await turn)).toEqual({ kind: "aborted", reason: "interrupted" });
    expect(performance.now() - started).toBeLessThan(WITHIN_A_SECOND);
    await interrupted;
    expect((await lab.processes()).length).toBeLessThanOrEqual(agent.length);
    expect(outcomeOf(await collect(prompt(driver, "again")))?.kind).toBe("completed");
  });

  check("interrupt-waiting", "interrupted while a person is asked: the turn ends and nothing is done", async () => {
    const driver = open({ permissionMode: "ask" });
    const events = await collect(prompt(driver, "[[bash: touch x]]"), (event) => {
      if (event.kind === "waiting") void driver.interrupt();
    });
    expect(outcomeOf(events)).toEqual({ kind: "aborted", reason: "interrupted" });
    expect(await exists("x")).toBe(false);
    expect(outcomeOf(await collect(prompt(driver, "next")))?.kind).toBe("completed");
  });

  check("interrupt-hang", "a model that hangs is interrupted within a second", async () => {
    const driver = open();
    const turn = collect(prompt(driver, "[[hang]]"));
    await expect.poll(() => lab.asked().length, patiently).toBeGreaterThan(0);
    const started = performance.now();
    await driver.interrupt();
    expect(outcomeOf(await turn)).toEqual({ kind: "aborted", reason: "interrupted" });
    expect(performance.now() - started).toBeLessThan(WITHIN_A_SECOND);
  });

  check("queue", "two prompts, one after the other, in one session", async () => {
    const driver = open();
    const first = await collect(prompt(driver, "[[say: the answer is 42]]"));
    const second = await collect(prompt(driver, "[[say: as I said]]"));
    expect([outcomeOf(first)?.kind, outcomeOf(second)?.kind]).toEqual(["completed", "completed"]);
    expect(lastAsked()).toContain("the answer is 42");
    const keys = [...rowsOf(first), ...rowsOf(second)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  check("resume", "another process resumes the session with its history", async () => {
    const first = open();
    await collect(prompt(first, "[[say: the answer is 42]]"));
    const id = first.nativeSessionId ?? "";
    await first.close();
    await nothingLeft();
    lab.restart();
    const second = open({ native: { kind: "resume", id } });
    const events = await collect(prompt(second, "[[say: as I said]]"));
    expect(outcomeOf(events)?.kind).toBe("completed");
    expect(second.nativeSessionId).toBe(id);
    expect(lastAsked()).toContain("the answer is 42");
    expect(rowsOf(events).filter(({ type }) => type === "assistant_message")).toHaveLength(1);
    const missing = open({ sessionId: "s2", native: { kind: "resume", id: randomUUID() } });
    expect(outcomeOf(await collect(prompt(missing, "hello")))).toMatchObject({
      kind: "failed",
      code: "session_not_found",
    });
  });

  const failures = [
    ["provider-401", "[[http: 401]]", "agent_not_signed_in", /sign/],
    ["provider-429", "[[http: 429]]", "agent_failed", /429|limit|retr/i],
    ["provider-500", "[[http: 500]]", "agent_failed", /500|error/i],
    ["cut", "[[say: one]] [[cut]]", "agent_failed", /./],
  ] as const;
  for (const [id, text, code, message] of failures) {
    check(id, `${text} fails the turn with a stable code, and the next prompt works`, async () => {
      const driver = open();
      const events = await collect(prompt(driver, text));
      expect(outcomeOf(events)).toMatchObject({ kind: "failed", code });
      expect(outcomeOf(events)).toHaveProperty("message", expect.stringMatching(message));
      expect(outcomeOf(await collect(prompt(driver, "next")))?.kind).toBe("completed");
    });
  }

  check("cut-once", "a stream that breaks once is tried again, and no text is lost or doubled", async () => {
    const events = await collect(prompt(open(), "[[say: one]] [[cut: 1]] [[say: two]]"));
    expect(outcomeOf(events)?.kind).toBe("completed");
    const said = rowsOf(events).flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : []));
    expect(said).toEqual(["one", "two"]);
  });

  check("steer-command", "what is put into a turn while a command runs reaches the model in that turn", async () => {
    const driver = open();
    const wait = "echo up > up.txt; while [ ! -f go.txt ]; do sleep 0.05; done";
    const turn = collect(prompt(driver, `[[bash: ${wait}]] [[say: fin]]`));
    await expect.poll(() => exists("up.txt"), patiently).toBe(true);
    expect(await driver.steer?.({ text: "and something else" }, { promptId: randomUUID() })).toBe(true);
    await writeFile(join(lab.cwd, "go.txt"), "");
    const events = await turn;
    expect(outcomeOf(events)?.kind).toBe("completed");
    expect(lastAsked()).toContain("and something else");
    expect(rowsOf(events).filter(({ type }) => type === "user_message")).toEqual([]);
    expect(outcomeOf(await collect(prompt(driver, "next")))?.kind).toBe("completed");
    expect(await driver.steer?.({ text: "too late" }, { promptId: randomUUID() })).toBe(false);
  });

  check(
    "steer-text",
    "what is put into a turn while the agent speaks is answered in that turn, which ends once",
    async () => {
      const driver = open();
      let taken: boolean | undefined;
      const events = await collect(prompt(driver, "[[say: one{gate speak} two]]"), async (event) => {
        if (event.kind !== "delta" || taken !== undefined) return;
        taken = false;
        taken = await driver.steer?.({ text: "[[say: three]]" }, { promptId: randomUUID() });
        lab.open("speak");
      });
      expect(taken).toBe(true);
      const said = rowsOf(events).flatMap(({ payload }) =>
        payload.type === "assistant_message" ? [payload.text] : [],
      );
      // Some agents finish what they say, others break off: what they said is kept.
      expect(said[0]).toMatch(/^one/);
      expect(said.slice(1)).toEqual(["three"]);
      expect(events.filter(({ kind }) => kind === "turn")).toHaveLength(1);
      expect(outcomeOf(events)?.kind).toBe("completed");
      expect(outcomeOf(await collect(prompt(driver, "next")))?.kind).toBe("completed");
    },
  );

  check(
    "attachments",
    "a picture reaches the model as a picture, a text as text, anything else as a path",
    async () => {
      const files = [
        ["dot.png", "image/png", PICTURE],
        ["note.md", "text/markdown", Buffer.from("a short note")],
        ["data.bin", "application/octet-stream", Buffer.from([0, 1, 2])],
      ] as const;
      const attachments = await Promise.all(
        files.map(async ([name, mime, bytes]) => {
          const path = join(lab.cwd, name);
          await writeFile(path, bytes);
          return { name, mime, path, bytes };
        }),
      );
      const options = { promptId: randomUUID(), runId: "1-1", signal: new AbortController().signal };
      const events = await collect(open().prompt({ text: "look at these", attachments }, options));
      expect(outcomeOf(events)?.kind).toBe("completed");
      const asked = lastAsked();
      expect(asked).toMatch(/image\/png/);
      expect(asked).toContain("a short note");
      expect(asked).toContain(join(lab.cwd, "data.bin"));
      expect(asked).not.toContain(join(lab.cwd, "dot.png"));
    },
  );

  check("plan", "in plan mode nothing is changed without leave", async () => {
    const driver = open({ permissionMode: "plan" });
    const path = join(lab.cwd, "planned.txt");
    const events = await collect(prompt(driver, `[[write: ${path}|abc]] [[say: fin]]`), (event) =>
      event.kind === "waiting" ? driver.respond(event.requestId, { kind: "permission", decision: "deny" }) : undefined,
    );
    expect(outcomeOf(events)?.kind).toBe("completed");
    expect(await exists("planned.txt")).toBe(false);
  });

  check("configure", "a change of mode that the driver takes holds from then on", async () => {
    const driver = open({ permissionMode: "ask" });
    await collect(prompt(driver, "[[say: warm]]"));
    const { model } = lab.options;
    // Not taken: the coder makes another driver, which is begun in the new mode.
    if ((await driver.configure?.({ permissionMode: "accept-edits", model })) !== true) return;
    const events = await collect(prompt(driver, `[[write: ${join(lab.cwd, "a.txt")}|abc]] [[say: fin]]`));
    expect(events.filter(({ kind }) => kind === "waiting")).toEqual([]);
    expect(await exists("a.txt")).toBe(true);
    expect(await driver.configure?.({ permissionMode: "bypass", model })).toBe(false);
  });

  check("stall", "a model that says nothing is told of, with since when, and the turn can be interrupted", async () => {
    const driver = open({}, { stallNoticeMs: 300, stallAbortMs: 600_000 });
    const begun = Date.now();
    let isAsked = false;
    const events = await collect(prompt(driver, "[[hang]]"), (event) => {
      if (event.kind !== "stalled") return;
      expect(event.since).toBeGreaterThanOrEqual(begun - 50);
      if (!isAsked) void driver.interrupt();
      isAsked = true;
    });
    expect(isAsked).toBe(true);
    const notices = rowsOf(events).filter(({ payload }) => payload.type === "notice" && payload.kind === "stall");
    expect(notices.length).toBeGreaterThan(0);
    expect(outcomeOf(events)).toEqual({ kind: "aborted", reason: "interrupted" });
    expect(outcomeOf(await collect(prompt(driver, "next")))).toMatchObject({ kind: "completed" });
  });

  check("kill", "kill -9 in a command: the turn fails, no orphan is left, the next prompt resumes", async () => {
    const driver = open();
    const turn = collect(prompt(driver, "[[bash: echo up > up.txt; sleep 600]]"));
    await expect.poll(() => exists("up.txt"), patiently).toBe(true);
    const agent = await lab.agentProcess();
    if (agent === undefined) throw new Error("The agent's process was not found.");
    process.kill(agent, "SIGKILL");
    expect(outcomeOf(await turn)).toMatchObject({ kind: "failed", code: "agent_failed" });
    await nothingLeft();
    expect(outcomeOf(await collect(prompt(driver, "again")))?.kind).toBe("completed");
    expect(lastAsked()).toContain("echo up > up.txt");
  });

  check("close", "closed in a command: the turn ends as aborted and nothing is left", async () => {
    const driver = open();
    const turn = collect(prompt(driver, "[[bash: echo up > up.txt; setsid sleep 600]]"));
    await expect.poll(() => exists("up.txt"), patiently).toBe(true);
    const started = performance.now();
    await driver.close();
    expect(performance.now() - started).toBeLessThan(2 * WITHIN_A_SECOND);
    expect(outcomeOf(await turn)?.kind).toBe("aborted");
    expect(await lab.processes()).toEqual([]);
    await driver.close();
  });

  check("abort", "an aborted signal ends the turn and the agent, also before it began", async () => {
    const driver = open();
    const stop = new AbortController();
    stop.abort();
    expect(outcomeOf(await collect(prompt(driver, "hello", stop.signal)))).toEqual({
      kind: "aborted",
      reason: "stopped",
    });
    expect(lab.asked()).toEqual([]);
    await driver.close();
    await nothingLeft();
  });
}

/** One dot. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

function prompt(
  driver: AgentDriver,
  text: string,
  signal: AbortSignal = new AbortController().signal,
): AsyncIterable<DriverEvent> {
  return driver.prompt({ text }, { promptId: randomUUID(), runId: "1-1", signal });
}

async function collect(
  events: AsyncIterable<DriverEvent>,
  each: (event: DriverEvent) => unknown = () => undefined,
): Promise<DriverEvent[]> {
  const seen: DriverEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    await each(event);
  }
  return seen;
}

function rowsOf(events: readonly DriverEvent[]): DriverRow[] {
  return events.flatMap((event) => (event.kind === "row" ? [event.row] : []));
}

function outcomeOf(events: readonly DriverEvent[]): TurnOutcome | undefined {
  const last = events.at(-1);
  return last?.kind === "turn" ? last.outcome : undefined;
}
