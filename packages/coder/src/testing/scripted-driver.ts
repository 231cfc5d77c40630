import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { answerKey, questionKey } from "@skein/sessions";
import type { TranscriptEvent } from "@skein/sessions";
import type { AgentDriver, DriverEvent, DriverOptions, DriverResponse, DriverRow, TurnOutcome } from "../driver.ts";
import { createChannel } from "../channel.ts";
import { SESSION_MARKER, sessionMarker } from "../process/marker.ts";
import type { Reaper } from "../process/reaper.ts";
import { parseDirectives } from "./directives.ts";
import type { Step } from "./directives.ts";
import { aborted, createGates } from "./gates.ts";
import type { Gates } from "./gates.ts";
import { pieces } from "./scripted-server.ts";

/**
 * A driver without an agent: it does itself what a prompt's directives say. It shows that the contract of drivers can
 * be met by something simple, and stands in for an agent where none can be installed.
 */
export interface ScriptedAgent {
  createDriver(options: DriverOptions): AgentDriver;
  /** The history that each "call of the model" was given. */
  asked(): readonly unknown[];
  reached(gate: string): Promise<void>;
  open(gate: string): void;
}

type ToolStep = Extract<Step, { kind: "tool" }>;
type Decision = "allow" | "deny";

class Failure extends Error {
  readonly outcome: TurnOutcome;
  constructor(outcome: TurnOutcome) {
    super("The turn failed.");
    this.outcome = outcome;
  }
}

/** What outlives a driver: the "disk", and what the "model" was asked. */
interface World {
  readonly owner: string;
  readonly reaper: Reaper;
  readonly gates: Gates;
  readonly sessions: Map<string, unknown[]>;
  readonly asked: unknown[];
  nextId(): string;
}

export function createScriptedAgent(deps: { readonly owner: string; readonly reaper: Reaper }): ScriptedAgent {
  let ids = 0;
  const world: World = {
    ...deps,
    gates: createGates(),
    sessions: new Map(),
    asked: [],
    nextId: () => String((ids += 1)),
  };
  return {
    createDriver: (options) => createScriptedDriver(world, options),
    asked: () => world.asked,
    reached: (gate) => world.gates.reached(gate),
    open: (gate) => world.gates.open(gate),
  };
}

function createScriptedDriver(world: World, options: DriverOptions): AgentDriver {
  const { native, sessionId } = options;
  const allowed = new Set<string>();
  let turn:
    | { stop: AbortController; over: Promise<void>; answer: (id: string, given: DriverResponse) => void }
    | undefined;
  let closed = false;

  async function perform(text: string, emit: (event: DriverEvent) => void, context: TurnContext): Promise<TurnOutcome> {
    const history = world.sessions.get(native.id);
    if (history === undefined && native.kind === "resume") {
      return { kind: "failed", code: "session_not_found", message: "There is no such session." };
    }
    const known = history ?? [];
    world.sessions.set(native.id, known);
    known.push({ prompt: text });
    world.asked.push(structuredClone(known));
    for (const step of parseDirectives(text)) {
      await play(step, { ...context, world, emit, known, options, allowed });
      if (context.signal.aborted) return { kind: "aborted", reason: closed ? "stopped" : "interrupted" };
    }
    return { kind: "completed", usage: { inputTokens: text.length } };
  }

  return {
    nativeSessionId: native.id,
    async *prompt({ text }, { signal }) {
      if (signal.aborted || closed) {
        yield { kind: "turn", outcome: { kind: "aborted", reason: "stopped" } };
        return;
      }
      const events = createChannel<DriverEvent>();
      const stop = new AbortController();
      const waiting = new Map<string, (given: DriverResponse) => void>();
      const emit = (event: DriverEvent): void => events.push(event);
      const context = { signal: stop.signal, waiting };
      const over = perform(text, emit, context)
        .catch((error: unknown): TurnOutcome => {
          if (error instanceof Failure) return error.outcome;
          throw error;
        })
        .then((outcome) => emit({ kind: "turn", outcome }))
        .finally(() => events.end());
      turn = { stop, over, answer: (id, given) => waiting.get(id)?.(given) };
      signal.addEventListener("abort", () => stop.abort(), { once: true });
      yield* events;
    },
    async interrupt() {
      turn?.stop.abort();
      await world.reaper.endSession(sessionId);
      await turn?.over;
    },
    respond(requestId, given) {
      turn?.answer(requestId, given);
      return Promise.resolve();
    },
    async close() {
      closed = true;
      await this.interrupt();
    },
  };
}

interface TurnContext {
  readonly signal: AbortSignal;
  readonly waiting: Map<string, (given: DriverResponse) => void>;
}
interface Playing extends TurnContext {
  readonly world: World;
  readonly emit: (event: DriverEvent) => void;
  readonly known: unknown[];
  readonly options: DriverOptions;
  readonly allowed: Set<string>;
}

function row(at: Playing, payload: TranscriptEvent, extra: Partial<DriverRow> = {}): void {
  const key = extra.key ?? `row${at.world.nextId()}`;
  at.emit({ kind: "row", row: { ts: 1, type: payload.type, payload, ...extra, key } });
}

async function play(step: Step, at: Playing): Promise<void> {
  switch (step.kind) {
    case "text":
      return say(step, at);
    case "thinking":
      return row(at, { v: 1, type: "thinking", text: step.text });
    case "tool":
      return call(step, at);
    case "gate":
      return at.world.gates.pass(step.name, at.signal);
    case "hang":
      return aborted(at.signal);
    case "cut":
      if (step.times > 1) throw failure("agent_failed", "The stream broke.");
      return;
    case "http":
      throw step.status === 401
        ? failure("agent_not_signed_in", "Please sign in first.")
        : failure("agent_failed", `The provider answered ${String(step.status)}.`);
    case "parallel":
      return;
  }
}

async function say({ text, deltas }: Extract<Step, { kind: "text" }>, at: Playing): Promise<void> {
  const key = `text${at.world.nextId()}`;
  let said = "";
  for (const [index, part] of text.split(/\{gate (\w+)\}/).entries()) {
    if (at.signal.aborted) break;
    if (index % 2 === 1) await at.world.gates.pass(part, at.signal);
    else
      for (const piece of pieces(part, deltas)) {
        at.emit({ kind: "delta", delta: { key, kind: "text", at: said.length, text: piece } });
        said += piece;
      }
  }
  at.known.push({ said });
  row(at, { v: 1, type: "assistant_message", text: said }, { key, liveKey: key });
}

async function call({ name, input }: ToolStep, at: Playing): Promise<void> {
  const callId = `call${at.world.nextId()}`;
  at.known.push({ name, input });
  row(
    at,
    { v: 1, type: "tool_call", callId, tool: name, originalTool: name, originalAgent: "scripted", input },
    { callId },
  );
  const output = name === "AskUserQuestion" ? await ask(callId, input, at) : await use(callId, { name, input }, at);
  at.known.push({ output });
  at.world.asked.push(structuredClone(at.known));
  row(at, { v: 1, type: "tool_result", callId, ...output }, { callId });
}

interface Output {
  readonly output: string;
  readonly isError: boolean;
}

async function ask(callId: string, input: Record<string, unknown>, at: Playing): Promise<Output> {
  const [first] = Array.isArray(input["questions"]) ? input["questions"] : [];
  const questions = [{ question: String(first?.question), options: [] }];
  const payload = { v: 1, type: "question", requestId: callId, callId, questions } as const;
  const given = await request(callId, { key: questionKey(callId), ts: 1, type: payload.type, callId, payload }, at);
  const answers = given?.kind === "answer" ? given.answers : {};
  row(at, { v: 1, type: "answer", requestId: callId, answers }, { key: answerKey(callId), callId });
  return { output: JSON.stringify(answers), isError: false };
}

async function request(requestId: string, asking: DriverRow, at: Playing): Promise<DriverResponse | undefined> {
  const given = new Promise<DriverResponse>((settle) => at.waiting.set(requestId, settle));
  at.emit({ kind: "waiting", requestId, row: asking });
  const answer = await Promise.race([given, aborted(at.signal)]);
  return answer ?? undefined;
}

async function use(callId: string, { name, input }: Pick<ToolStep, "name" | "input">, at: Playing): Promise<Output> {
  if ((await permission(callId, { name, input }, at)) === "deny") return { output: "No.", isError: true };
  const { cwd } = at.options;
  const path = resolve(cwd, textOf(input, "file_path"));
  switch (name) {
    case "Write":
      await writeFile(path, textOf(input, "content"));
      row(at, { v: 1, type: "file_change", callId, changes: [{ path, kind: "add" }] }, { callId });
      return { output: "Written.", isError: false };
    case "Read":
      return { output: await readFile(path, "utf8"), isError: false };
    default:
      return command(textOf(input, "command"), at);
  }
}

async function permission(callId: string, tool: Pick<ToolStep, "name" | "input">, at: Playing): Promise<Decision> {
  const what = JSON.stringify(tool);
  if (at.options.permissionMode !== "ask" || at.allowed.has(what)) return "allow";
  const about = { requestId: callId, callId, tool: tool.name, input: tool.input };
  const payload = { v: 1, type: "permission_request", ...about } as const;
  const given = await request(callId, { key: `permission:${callId}`, ts: 1, type: payload.type, callId, payload }, at);
  if (given?.kind !== "permission" || given.decision === "deny") return "deny";
  if (given.decision === "allow_session") at.allowed.add(what);
  return "allow";
}

async function command(line: string, { world, options: { cwd, sessionId } }: Playing): Promise<Output> {
  const env = { PATH: process.env["PATH"], [SESSION_MARKER]: sessionMarker(world.owner, sessionId) };
  const child = spawn("sh", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "ignore"], detached: true });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const [code] = await once(child, "exit");
  return { output, isError: code !== 0 };
}

function failure(code: string, message: string): Failure {
  return new Failure({ kind: "failed", code, message });
}

function textOf(input: Record<string, unknown>, field: string): string {
  const value = input[field];
  return typeof value === "string" ? value : "";
}
