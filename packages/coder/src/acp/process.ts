import { spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import type { Readable } from "node:stream";
import { client, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";
import type { ClientConnection, Stream } from "@agentclientprotocol/sdk";
import { SkeinError } from "@skein/protocol";
import { killProcess } from "../process/reap.ts";
import { processTree } from "../process/process-tree.ts";
import { createTextTail } from "../process/text-tail.ts";

/** One process of an agent that speaks ACP over its standard input and output. */
export interface AcpProcess {
  /** Rejects when it is refused, and when the process ends first. */
  request(method: string, params: object): Promise<unknown>;
  notify(method: string, params: object): void;
  pid(): number | undefined;
  isAlive(): boolean;
  end(): Promise<void>;
}

export interface AcpProcessOptions {
  /** The program's path and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** For people. */
  readonly name: string;
  readonly onUpdate: (params: unknown) => void;
  /** A question of the agent's to us. Answers with the result; what it throws is the refusal. */
  readonly onAsk: (method: AskMethod, params: unknown) => Promise<object>;
  /** Once, when the process is gone. */
  readonly onEnd: (reason: string) => void;
}

/** Files and terminals are not among them: the agent has its own, and ours would know no bounds of its sandbox. */
const ASKS = [methods.client.session.requestPermission, methods.client.elicitation.create] as const;
export type AskMethod = (typeof ASKS)[number];

const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const END_GRACE_MS = 1000;
/** How long a process may take to end when it has nothing more to say. */
const LAST_WORDS_MS = 500;
const asIs = (params: unknown): unknown => params;

export function startAcpProcess(options: AcpProcessOptions): AcpProcess {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    env: options.env,
    cwd: options.cwd,
    stdio: "pipe",
    // A session of its own: a Ctrl-C in the runner's terminal does not reach it before we end it in order.
    detached: true,
    windowsHide: true,
  });
  const words = createTextTail();
  let alive = true;
  child.stderr.on("data", (chunk: Buffer) => words.add(chunk.toString("utf8")));
  // It may close its input before we have written: its end says why.
  child.stdin.on("error", () => undefined);

  const connection = connect(
    options,
    ndJsonStream(Writable.toWeb(child.stdin), readableOf(child.stdout), {
      maxMessageBytes: MAX_MESSAGE_BYTES,
    }),
  );
  let tellEnd = (_reason: string): void => {};
  const ended = new Promise<string>((resolve) => {
    tellEnd = resolve;
  });
  function gone(reason: string): void {
    if (!alive) return;
    alive = false;
    const text = [reason, words.text()].filter(Boolean).join("\n");
    connection.close(new Error(text));
    tellEnd(text);
    options.onEnd(text);
  }
  child.once("error", (error) => gone(`${options.name} could not be started: ${error.message}`));
  // `close`, not `exit`: what it said last has been read then.
  child.once("close", (code, signal) => gone(`${options.name} ended (${signal ?? `exit code ${String(code)}`}).`));
  // It has closed its output, or what it says is no protocol any more (a message beyond the limit): it may go.
  connection.signal.addEventListener("abort", () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), LAST_WORDS_MS);
    child.once("close", () => clearTimeout(timer));
  });

  return {
    async request(method, params) {
      try {
        return await connection.agent.request(method, params);
      } catch (error) {
        // The end of the process says more than the end of the connection.
        if (!connection.signal.aborted) throw error;
        throw new Error(await ended, { cause: error });
      }
    },
    // A process that is gone needs not be told.
    notify: (method, params) => void connection.agent.notify(method, params).catch(() => undefined),
    pid: () => child.pid,
    isAlive: () => alive,
    async end() {
      if (!alive || child.pid === undefined) return;
      const closed = once(child, "close");
      // Where what it started cannot be found by its marker. Unreadable: then only the process itself is ended.
      const tree = process.platform === "linux" ? [] : await processTree(child.pid).catch(() => []);
      child.stdin.end();
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), END_GRACE_MS);
      await closed;
      clearTimeout(timer);
      for (const pid of tree) killProcess(pid, "SIGKILL");
    },
  };
}

function connect(options: AcpProcessOptions, stream: Stream): ClientConnection {
  let app = client({ name: "skein" }).onNotification(methods.client.session.update, asIs, ({ params }) => {
    options.onUpdate(params);
  });
  for (const method of ASKS) app = app.onRequest(method, asIs, ({ params }) => options.onAsk(method, params));
  return app.connect(stream);
}

/** Node's own conversion waits for the reader; ours of bytes only. */
function readableOf(stdout: Readable): ReadableStream<Uint8Array> {
  const iterator = stdout[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next: IteratorResult<unknown> = await iterator.next();
      if (next.done === true) controller.close();
      else if (next.value instanceof Uint8Array) controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

const GREET_MS = 60_000;
const CAPABILITIES = { fs: { readTextFile: false, writeTextFile: false }, terminal: false, elicitation: { form: {} } };

/** The first words of a connection. An agent that does not even answer these is not going to. */
export async function greet(agent: AcpProcess, name: string): Promise<unknown> {
  const timer = setTimeout(() => void agent.end(), GREET_MS);
  try {
    return await agent.request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: CAPABILITIES,
      clientInfo: { name: "skein", title: "Skein", version: "0.1.0" },
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "It did not say why.";
    throw new SkeinError("agent_failed", `${name} could not be started. ${message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** The protocol's code for "sign in first". */
const AUTH_REQUIRED = -32_000;
const RESOURCE_NOT_FOUND = -32_002;

export function isAuthRequired(error: unknown): boolean {
  return error instanceof RequestError && error.code === AUTH_REQUIRED;
}

export function isNotFound(error: unknown): boolean {
  if (!(error instanceof RequestError)) return false;
  return (
    error.code === RESOURCE_NOT_FOUND ||
    /not found|no (?:such|conversation|session|rollout)|unknown session/i.test(wordsOf(error))
  );
}

/** What an error says, with the details that agents put beside it. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return "It did not say why.";
  const data: unknown = error instanceof RequestError ? error.data : undefined;
  const details = typeof data === "string" ? data : data === undefined ? "" : JSON.stringify(data);
  return details === "" ? error.message : `${error.message} (${details})`;
}
