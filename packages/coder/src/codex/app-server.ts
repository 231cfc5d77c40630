import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { z } from "zod";
import { SkeinError } from "@skein/protocol";
import { createTextTail } from "../process/text-tail.ts";
import { createConnection } from "./connection.ts";
import type { RpcId } from "./connection.ts";

/** One process of `codex app-server`: many threads, each heard by whoever drives it. */
export interface AppServer {
  request(method: string, params: unknown): Promise<unknown>;
  respond(id: RpcId, result: unknown): void;
  refuse(id: RpcId, message: string): void;
  /** What concerns a thread goes to its listener; the answer ends that. */
  listen(threadId: string, listener: ThreadListener): () => void;
  /** False when the process is gone. */
  isAlive(): boolean;
  /** Ends it: at its own leave, or by force. */
  end(options?: { readonly force: boolean }): Promise<void>;
}

export interface ThreadListener {
  notification(method: string, params: unknown): void;
  request(id: RpcId, method: string, params: unknown): void;
  /** The process is gone. */
  ended(reason: string): void;
}

export interface AppServerOptions {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const CLIENT = { name: "skein", title: "Skein", version: "0.1.0" };
const END_GRACE_MS = 1000;
const GREET_MS = 20_000;
const ofThread = z.looseObject({ threadId: z.string() });

export async function openAppServer(options: AppServerOptions): Promise<AppServer> {
  const child = spawn(options.executable, [...options.args], {
    env: options.env,
    cwd: options.cwd,
    stdio: "pipe",
    // A session of its own: a Ctrl-C in the runner's terminal does not reach it before we end it in order.
    detached: true,
    windowsHide: true,
  });
  const words = createTextTail();
  const listeners = new Map<string, ThreadListener>();
  const listenerOf = (params: unknown): ThreadListener | undefined => {
    const parsed = ofThread.safeParse(params);
    return parsed.success ? listeners.get(parsed.data.threadId) : undefined;
  };
  let alive = true;
  const connection = createConnection({
    write: (line) => void child.stdin.write(line),
    onNotification: (method, params) => listenerOf(params)?.notification(method, params),
    onRequest(id, method, params) {
      const listener = listenerOf(params);
      if (listener === undefined) connection.refuse(id, "Nobody is there to answer this.");
      else listener.request(id, method, params);
    },
  });

  function gone(reason: string): void {
    if (!alive) return;
    alive = false;
    const text = [reason, words.text()].filter(Boolean).join("\n");
    connection.end(text);
    const told = new Map(listeners);
    listeners.clear();
    for (const listener of told.values()) listener.ended(text);
  }
  child.stderr.on("data", (chunk: Buffer) => words.add(chunk.toString("utf8")));
  // It may close its input before we have written: its end says why.
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => gone(`Codex could not be started: ${error.message}`));
  // `close`, not `exit`: what it said last has been read then.
  child.once("close", (code, signal) => gone(`Codex ended (${signal ?? `exit code ${String(code)}`}).`));
  createInterface({ input: child.stdout }).on("line", (line) => connection.line(line));

  const server: AppServer = {
    request: (method, params) => connection.request(method, params),
    respond: (id, result) => connection.respond(id, result),
    refuse: (id, message) => connection.refuse(id, message),
    listen(threadId, listener) {
      listeners.set(threadId, listener);
      return () => {
        if (listeners.get(threadId) === listener) listeners.delete(threadId);
      };
    },
    isAlive: () => alive,
    async end({ force } = { force: false }) {
      if (!alive || child.pid === undefined) return;
      const closed = once(child, "close");
      if (force) child.kill("SIGKILL");
      else child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), END_GRACE_MS);
      // It never began: `error` has been told, and there is nothing to end.
      await closed.catch(() => undefined);
      clearTimeout(timer);
    },
  };
  await greet(server, (method) => connection.notify(method));
  return server;
}

async function greet(server: AppServer, notify: (method: string) => void): Promise<void> {
  // One that does not even answer this is not going to.
  const timer = setTimeout(() => void server.end({ force: true }), GREET_MS);
  try {
    await server.request("initialize", { clientInfo: CLIENT, capabilities: { experimentalApi: true } });
    notify("initialized");
    clearTimeout(timer);
  } catch (cause) {
    clearTimeout(timer);
    await server.end({ force: true });
    const message = cause instanceof Error ? cause.message : "It did not say why.";
    throw new SkeinError("agent_failed", `Codex could not be started. ${message}`, { cause });
  }
}
