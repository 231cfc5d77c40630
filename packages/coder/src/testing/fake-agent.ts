import type { AgentAdapter, NativeSession } from "../adapter.ts";
import { createChannel } from "../channel.ts";
import type { Channel } from "../channel.ts";
import type {
  AgentDriver,
  DriverAttachment,
  DriverEvent,
  DriverOptions,
  DriverResponse,
  DriverRow,
  TurnOutcome,
} from "../driver.ts";
import type { Blob, NativeTranscriptRow, TranscriptEvent } from "@skein/sessions";

/**
 * An agent that does what a test says, when it says so: each turn is handed to the test, which pushes its events.
 */
export interface FakeAgent extends AgentAdapter {
  /** The next turn that begins, in order. */
  nextTurn(): Promise<FakeTurn>;
  /** How many turns have begun. */
  turns(): number;
  /** Options of the drivers that were made, and how many were closed. */
  readonly drivers: readonly DriverOptions[];
  closed(): number;
  /** Histories "on disk". */
  readonly files: Map<string, { cwd?: string; rows: NativeTranscriptRow[]; blobs?: readonly Blob[] }>;
}

export interface FakeTurn {
  readonly prompt: string;
  readonly attachments: readonly DriverAttachment[];
  readonly promptId: string;
  readonly sessionId: string;
  /** What was put into it while it ran. */
  readonly steered: readonly string[];
  /** What was answered to its requests. */
  readonly responses: readonly { requestId: string; response: DriverResponse }[];
  interrupts(): number;
  row(key: string, payload: TranscriptEvent, extra?: Partial<DriverRow>): void;
  say(key: string, text: string): void;
  ask(requestId: string, key?: string): void;
  push(event: DriverEvent): void;
  end(outcome?: TurnOutcome): void;
}

export interface FakeAgentOptions {
  readonly installed?: boolean;
  readonly ignoresInterrupt?: boolean;
  /** Default: nothing can be put into its turns. */
  readonly steers?: () => Promise<boolean>;
  /** Default: a change of settings takes another driver. */
  readonly configures?: boolean;
}

export function createFakeAgent(options: FakeAgentOptions = {}): FakeAgent {
  const begun = createChannel<FakeTurn>();
  const turns = begun[Symbol.asyncIterator]();
  const drivers: DriverOptions[] = [];
  const files: FakeAgent["files"] = new Map();
  let count = 0;
  let closed = 0;

  function createDriver(made: DriverOptions): AgentDriver {
    drivers.push(made);
    let isClosed = false;
    let current: { events: Channel<DriverEvent>; turn: Internal } | undefined;
    return {
      nativeSessionId: made.native.id,
      async *prompt({ text, attachments = [] }, { promptId, signal }) {
        count += 1;
        const events = createChannel<DriverEvent>();
        const about = { prompt: text, attachments, promptId, sessionId: made.sessionId };
        const turn = fakeTurn({ ...about, events, ignoresInterrupt: options.ignoresInterrupt ?? false });
        current = { events, turn };
        signal.addEventListener("abort", () => turn.stop("stopped"), { once: true });
        begun.push(turn);
        yield* events;
      },
      async interrupt() {
        await Promise.resolve();
        current?.turn.stop("interrupted");
      },
      ...(options.steers === undefined
        ? {}
        : {
            async steer({ text }) {
              const taken = (await options.steers?.()) === true;
              if (taken) current?.turn.put(text);
              return taken;
            },
          }),
      ...(options.configures === true ? { configure: () => Promise.resolve(true) } : {}),
      respond(requestId, response) {
        current?.turn.note(requestId, response);
        return Promise.resolve();
      },
      close() {
        if (!isClosed) closed += 1;
        isClosed = true;
        current?.turn.stop("stopped");
        return Promise.resolve();
      },
    };
  }

  return {
    agent: "claude",
    traits: { name: "Fake", modes: ["ask", "accept-edits", "plan", "bypass"], steers: true, images: true },
    createDriver,
    drivers,
    files,
    closed: () => closed,
    turns: () => count,
    async nextTurn() {
      const next = await turns.next();
      if (next.done === true) throw new Error("No more turns begin.");
      return next.value;
    },
    sessions: {
      find: (id) => Promise.resolve(fileOf(files, id)),
      cwdOf: ({ id }) => Promise.resolve(files.get(id)?.cwd),
      list: () => Promise.resolve({ sessions: [...files.keys()].flatMap((id) => fileOf(files, id) ?? []), skipped: 0 }),
      async *load({ id }, _signal, loading) {
        for (const blob of files.get(id)?.blobs ?? []) loading?.onBlob?.(blob);
        const rows = files.get(id)?.rows ?? [];
        for (let at = 0; at < rows.length; at += 2) yield rows.slice(at, at + 2);
      },
    },
    isInstalled: () => Promise.resolve(options.installed ?? true),
    status: () => Promise.resolve({ agent: "claude", installed: options.installed ?? true }),
  };
}

function fileOf(files: FakeAgent["files"], id: string): NativeSession | undefined {
  const file = files.get(id);
  if (file === undefined) return undefined;
  return { id, path: `/fake/${id}.jsonl`, updatedAt: file.rows.length, sizeBytes: file.rows.length, cwd: file.cwd };
}

interface Internal extends FakeTurn {
  put(text: string): void;
  note(requestId: string, response: DriverResponse): void;
  stop(reason: string): void;
}

function fakeTurn(input: {
  prompt: string;
  attachments: readonly DriverAttachment[];
  promptId: string;
  sessionId: string;
  events: Channel<DriverEvent>;
  ignoresInterrupt: boolean;
}): Internal {
  const { events, prompt, attachments, promptId, sessionId } = input;
  const steered: string[] = [];
  const responses: { requestId: string; response: DriverResponse }[] = [];
  let interrupts = 0;
  const row: FakeTurn["row"] = (key, payload, extra = {}) => {
    events.push({ kind: "row", row: { key, ts: 1, type: payload.type, payload, ...extra } });
  };
  const end: FakeTurn["end"] = (outcome = { kind: "completed" }) => {
    events.push({ kind: "turn", outcome });
    events.end();
  };
  return {
    prompt,
    attachments,
    promptId,
    sessionId,
    steered,
    put: (text) => void steered.push(text),
    responses,
    interrupts: () => interrupts,
    row,
    say: (key, text) => row(key, { v: 1, type: "assistant_message", text }),
    ask(requestId, key = `permission:${requestId}`) {
      const payload = { v: 1, type: "permission_request", requestId, tool: "terminal", input: {} } as const;
      events.push({ kind: "waiting", requestId, row: { key, ts: 1, type: payload.type, payload } });
    },
    push: (event) => events.push(event),
    end,
    note: (requestId, response) => void responses.push({ requestId, response }),
    stop(reason) {
      interrupts += 1;
      if (!input.ignoresInterrupt) end({ kind: "aborted", reason });
    },
  };
}
