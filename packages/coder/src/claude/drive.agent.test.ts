import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClaudeNormaliser } from "@skein/sessions";
import type { AgentDriver, DriverEvent, DriverOptions } from "../driver.ts";
import { systemClock } from "../clock.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { sessionMarker } from "../process/marker.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { packagedBinary } from "./binary.ts";
import { createClaudeDriver } from "./drive.ts";
import type { ClaudeDriverDeps } from "./drive.ts";
import { loadQuery } from "./sdk.ts";

/** The real Claude Code binary against the scripted model. */
const binary = packagedBinary();
/** Milliseconds, with what a busy machine adds. */
const WITHIN_A_SECOND = 1500;
/** For what a busy machine takes. */
const patiently = { timeout: 20_000 };

let lab: ClaudeLab;
const drivers: AgentDriver[] = [];
const table = procTable();

beforeEach(async ({ skip }) => {
  skip(binary === undefined, "The optional package with the Claude Code binary is not installed.");
  lab = await createClaudeLab();
});
afterEach(async () => {
  await Promise.all(drivers.splice(0).map((driver) => driver.close()));
  await lab.close();
});

function open(options: Partial<DriverOptions> = {}, deps: Partial<ClaudeDriverDeps> = {}): AgentDriver {
  const driver = createClaudeDriver(
    {
      loadQuery,
      findExecutable: () => Promise.resolve(binary ?? ""),
      sessionExists: async (id) => (await lab.sessionFiles()).some((name) => name.endsWith(`${id}.jsonl`)),
      environment: lab.environment,
      owner: lab.root,
      credentials: "env",
      settingSources: ["user"],
      passEnvironment: [],
      maxRetries: 1,
      clock: systemClock,
      reaper: createReaper({ owner: lab.root, table, clock: systemClock }),
      createNormaliser: () => createClaudeNormaliser({ source: "live" }),
      ...deps,
    },
    {
      sessionId: "s1",
      cwd: lab.cwd,
      model: "claude-sonnet-4-5",
      permissionMode: "bypass",
      native: { kind: "own", id: randomUUID() },
      ...options,
    },
  );
  drivers.push(driver);
  return driver;
}

function prompt(driver: AgentDriver, text: string): AsyncIterable<DriverEvent> {
  return driver.prompt({ text }, { promptId: randomUUID(), runId: "1-1", signal: new AbortController().signal });
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

const rows = (events: readonly DriverEvent[]) => events.flatMap((event) => (event.kind === "row" ? [event.row] : []));
const types = (events: readonly DriverEvent[]) => rows(events).map(({ type }) => type);
const outcome = (events: readonly DriverEvent[]) => {
  const last = events.at(-1);
  return last?.kind === "turn" ? last.outcome : undefined;
};
const left = () => table.find((marker) => marker === sessionMarker(lab.root, "s1"));

test("a turn that writes a file gives its rows in order, deltas before them, and one end", async () => {
  const driver = open();
  const path = `${lab.cwd}/a.txt`;
  const events = await collect(prompt(driver, `[[think: hm]] [[say: hello]] [[write: ${path}|abc]] [[say: bye]]`));
  expect(await readFile(path, "utf8")).toBe("abc");
  expect(types(events)).toEqual([
    "session_init",
    "thinking",
    "assistant_message",
    "tool_call",
    "tool_result",
    "file_change",
    "assistant_message",
  ]);
  expect(outcome(events)).toMatchObject({ kind: "completed", usage: { inputTokens: 200, contextWindow: 200_000 } });
  expect(events.filter(({ kind }) => kind === "turn")).toHaveLength(1);
  const bye = rows(events).at(-1);
  const deltas = events.flatMap((event) => (event.kind === "delta" ? [event.delta] : []));
  expect(
    deltas
      .filter(({ key }) => key === bye?.liveKey)
      .map(({ text }) => text)
      .join(""),
  ).toBe("bye");
});

test("[CD17] interrupted in the middle of its text: partial text is kept, the session goes on", async () => {
  const driver = open();
  const started = performance.now();
  let askedAt = 0;
  const events = await collect(prompt(driver, "[[say: half of it]] [[gate: never]] [[say: the rest]]"), (event) => {
    if (event.kind !== "delta" || askedAt > 0) return;
    askedAt = performance.now() - started;
    void driver.interrupt();
  });
  expect(performance.now() - started - askedAt).toBeLessThan(WITHIN_A_SECOND);
  expect(outcome(events)).toEqual({ kind: "aborted", reason: "interrupted" });
  expect(rows(events).at(-1)?.payload).toMatchObject({ type: "assistant_message", text: "half of it" });
  const next = await collect(prompt(driver, "and now?"));
  expect(outcome(next)?.kind).toBe("completed");
  expect(rows(next).at(-1)?.payload).toMatchObject({ text: "ok: and now?" });
});

test("[CD17] interrupted in the middle of a command: nothing that it started is left, not even in other sessions", async () => {
  const driver = open();
  const command = "setsid sleep 600 & nohup sleep 601 >/dev/null 2>&1 & echo up > up.txt; sleep 602";
  const turn = collect(prompt(driver, `[[bash: ${command}]]`));
  await expect.poll(() => readFile(`${lab.cwd}/up.txt`, "utf8").catch(() => ""), patiently).toBe("up\n");
  const before = (await left()).length;
  expect(before).toBeGreaterThan(1);
  await driver.interrupt();
  const events = await turn;
  expect(outcome(events)).toEqual({ kind: "aborted", reason: "interrupted" });
  const pids = await left();
  expect(pids).toHaveLength(1);
  const next = await collect(prompt(driver, "again"));
  expect(outcome(next)?.kind).toBe("completed");
  await driver.close();
  expect(await left()).toEqual([]);
});

test("[CD17] a hung model is interrupted within a second", async () => {
  const driver = open();
  const turn = collect(prompt(driver, "[[hang]]"));
  await expect.poll(() => lab.api.conversation().length, patiently).toBe(1);
  const started = performance.now();
  await driver.interrupt();
  expect(outcome(await turn)).toEqual({ kind: "aborted", reason: "interrupted" });
  expect(performance.now() - started).toBeLessThan(WITHIN_A_SECOND);
});

test("[CD13][CD14] permissions are asked, and allow, deny and their messages reach the agent", async () => {
  const driver = open({ permissionMode: "ask" });
  const turn = `[[write: ${lab.cwd}/yes.txt|1]] [[write: ${lab.cwd}/no.txt|2]] [[say: fin]]`;
  const asked: string[] = [];
  const events = await collect(prompt(driver, turn), (event) => {
    if (event.kind !== "waiting") return;
    const { payload } = event.row;
    if (payload.type !== "permission_request") throw new Error(payload.type);
    asked.push(`${payload.tool} ${String(payload.input["file_path"])}`);
    const decision = asked.length === 1 ? "allow" : "deny";
    return driver.respond(event.requestId, { kind: "permission", decision, message: "not that one" });
  });
  expect(asked).toEqual([`file_write ${lab.cwd}/yes.txt`, `file_write ${lab.cwd}/no.txt`]);
  expect(await readFile(`${lab.cwd}/yes.txt`, "utf8")).toBe("1");
  await expect(readFile(`${lab.cwd}/no.txt`, "utf8")).rejects.toThrow(/ENOENT/);
  const results = rows(events).flatMap(({ payload }) => (payload.type === "tool_result" ? [payload] : []));
  expect(results.map(({ isError }) => isError)).toEqual([false, true]);
  expect(results[1]?.output).toContain("not that one");
  expect(outcome(events)?.kind).toBe("completed");
});

test("[CD16] what is allowed for the session is not written to the repository or the settings", async () => {
  const driver = open({ permissionMode: "ask" });
  let asked = 0;
  const answer = (event: DriverEvent): unknown => {
    if (event.kind !== "waiting") return undefined;
    asked += 1;
    return driver.respond(event.requestId, { kind: "permission", decision: "allow_session" });
  };
  await collect(prompt(driver, "[[bash: touch one.txt]]"), answer);
  await collect(prompt(driver, "[[bash: touch one.txt]] [[say: x]]"), answer);
  expect(asked).toBe(1);
  await expect(readFile(`${lab.cwd}/.claude/settings.local.json`)).rejects.toThrow(/ENOENT/);
  await expect(readFile(`${lab.configDir}/settings.json`)).rejects.toThrow(/ENOENT/);
});

test("[CD13] a question waits, also in bypass, and its answer reaches the model", async () => {
  const driver = open({ permissionMode: "bypass" });
  const events = await collect(prompt(driver, "[[ask: which?|red|blue]] [[say: fin]]"), (event) => {
    if (event.kind !== "waiting") return;
    expect(event.row.payload).toMatchObject({ type: "question", questions: [{ question: "which?" }] });
    return driver.respond(event.requestId, { kind: "answer", answers: { "which?": "blue" } });
  });
  expect(outcome(events)?.kind).toBe("completed");
  expect(JSON.stringify(lab.api.conversation().at(-1)?.messages)).toContain("blue");
});

test("[CD17] interrupting while a permission waits ends the turn", async () => {
  const driver = open({ permissionMode: "ask" });
  const events = await collect(prompt(driver, "[[bash: touch x]]"), (event) => {
    if (event.kind === "waiting") void driver.interrupt();
  });
  expect(outcome(events)).toEqual({ kind: "aborted", reason: "interrupted" });
  expect(outcome(await collect(prompt(driver, "next")))?.kind).toBe("completed");
});

test.each([
  ["[[http: 429]]", "agent_failed", /429/],
  ["[[http: 500]]", "agent_failed", /500/],
  ["[[http: 400]]", "agent_failed", /400/],
  ["[[http: 401]]", "agent_not_signed_in", /sign in/],
  ["[[say: one]] [[cut]]", "agent_failed", /./],
])("[CD10] %s fails the turn with a clear error, and the next prompt works", async (text, code, message) => {
  const driver = open();
  const events = await collect(prompt(driver, text));
  expect(outcome(events)).toMatchObject({ kind: "failed", code });
  expect(outcome(events)).toHaveProperty("message", expect.stringMatching(message));
  expect(outcome(await collect(prompt(driver, "next")))?.kind).toBe("completed");
});

test("a stream that breaks once is retried, and what it had said is taken back", async () => {
  const events = await collect(prompt(open(), "[[say: one]] [[cut: 1]] [[say: two]]"));
  expect(outcome(events)?.kind).toBe("completed");
  const said = rows(events).flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : []));
  expect(said).toEqual(["one", "two"]);
  expect(rows(events).filter(({ type }) => type === "error")).toHaveLength(1);
});

test("[CD29] not signed in: a stable code and what to do", async () => {
  const { ANTHROPIC_API_KEY: _key, ...environment } = lab.environment;
  const events = await collect(prompt(open({}, { environment }), "hello"));
  expect(outcome(events)).toMatchObject({ kind: "failed", code: "agent_not_signed_in" });
  expect(lab.api.requests).toEqual([]);
});

test("[CD27] provider keys of our environment are not passed on unless asked for", async () => {
  const events = await collect(prompt(open({}, { credentials: "login" }), "hello"));
  expect(outcome(events)).toMatchObject({ kind: "failed", code: "agent_not_signed_in" });
});

test("[CD22] killed in the middle of a command: the turn fails, the orphans end, the next prompt resumes", async () => {
  const driver = open();
  const turn = collect(prompt(driver, "[[bash: echo up > up.txt; sleep 600]]"));
  await expect.poll(() => readFile(`${lab.cwd}/up.txt`, "utf8").catch(() => ""), patiently).toBe("up\n");
  const [agent] = (await left())
    .filter(({ pid, session }) => pid === session)
    .sort((a, b) => a.startedAt - b.startedAt);
  if (agent === undefined) throw new Error("The agent's process was not found.");
  process.kill(agent.pid, "SIGKILL");
  expect(outcome(await turn)).toMatchObject({ kind: "failed", code: "agent_failed" });
  await expect.poll(left, patiently).toEqual([]);
  const next = await collect(prompt(driver, "again"));
  expect(outcome(next)?.kind).toBe("completed");
  expect(JSON.stringify(lab.api.conversation().at(-1)?.messages)).toContain("echo up > up.txt");
});

test("[CD22] a new process resumes the session with its history", async () => {
  const native = { kind: "own", id: randomUUID() } as const;
  const first = open({ native });
  await collect(prompt(first, "[[say: the answer is 42]]"));
  await first.close();
  expect(await left()).toEqual([]);
  const second = open({ native });
  expect(outcome(await collect(prompt(second, "[[say: as I said]]")))?.kind).toBe("completed");
  expect(JSON.stringify(lab.api.conversation().at(-1)?.messages)).toContain("the answer is 42");
});

test("a session that must be there and is not", async () => {
  const driver = open({ native: { kind: "resume", id: randomUUID() } });
  expect(outcome(await collect(prompt(driver, "hello")))).toMatchObject({ kind: "failed", code: "session_not_found" });
});

test("[CD23] closing in the middle of a command ends the turn and leaves nothing", async () => {
  const driver = open();
  const turn = collect(prompt(driver, "[[bash: echo up > up.txt; setsid sleep 600]]"));
  await expect.poll(() => readFile(`${lab.cwd}/up.txt`, "utf8").catch(() => ""), patiently).toBe("up\n");
  const started = performance.now();
  await driver.close();
  expect(performance.now() - started).toBeLessThan(2 * WITHIN_A_SECOND);
  expect(outcome(await turn)?.kind).toBe("aborted");
  expect(await left()).toEqual([]);
});

test("[CD12] a prompt that looks like a command or names a file is sent as written", async () => {
  const driver = open();
  await collect(prompt(driver, "/compact please, and look at @secret.txt"));
  const [asked] = lab.api.conversation();
  expect(JSON.stringify(asked?.messages.at(-1))).toContain("/compact please, and look at @secret.txt");
});

test("[CD13] accept-edits asks for commands and not for files of the working directory", async () => {
  const driver = open({ permissionMode: "accept-edits" });
  const asked: string[] = [];
  const text = `[[write: ${lab.cwd}/a.txt|1]] [[bash: curl --version]] [[say: fin]]`;
  const events = await collect(prompt(driver, text), (event) => {
    if (event.kind !== "waiting" || event.row.payload.type !== "permission_request") return undefined;
    asked.push(event.row.payload.tool);
    return driver.respond(event.requestId, { kind: "permission", decision: "allow" });
  });
  expect(asked).toEqual(["terminal"]);
  expect(await readFile(`${lab.cwd}/a.txt`, "utf8")).toBe("1");
  expect(outcome(events)?.kind).toBe("completed");
});
